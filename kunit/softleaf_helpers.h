/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites about softleaf entries share: expected warnings, and a folio
 * for entries that hold a PFN.
 */
#ifndef _SOFTLEAF_KUNIT_HELPERS_H
#define _SOFTLEAF_KUNIT_HELPERS_H

#include <kunit/test.h>

#include <linux/mm.h>
#include <linux/pagemap.h>

#include <asm/sections.h>

/* VM_WARN_ON_ONCE() says something under DEBUG_VM only. */
#define WARNS	IS_ENABLED(CONFIG_DEBUG_VM)

/*
 * Where WARN_ON_ONCE() is not an entry of the bug table a warning that was
 * suppressed counts as given: arm it again, so that no case depends on another.
 */
static inline void rearm_warnings(void)
{
#ifndef CONFIG_GENERIC_BUG
	memset(__start_once, 0, __end_once - __start_once);
#endif
}

/* Big enough to have a head, a tail and one in between. */
#define SOME_ORDER	2

static inline void put_folio(void *folio)
{
	folio_put(folio);
}

static inline void unlock_folio(void *folio)
{
	folio_unlock(folio);
}

/* A folio of several pages, freed when the case ends. */
static inline struct folio *alloc_unlocked_folio(struct kunit *test)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, SOME_ORDER);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_folio, folio));
	return folio;
}

/* The same, locked: a migration entry may be used under the folio lock only. */
static inline struct folio *alloc_locked_folio(struct kunit *test)
{
	struct folio *folio = alloc_unlocked_folio(test);

	folio_lock(folio);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unlock_folio, folio));
	return folio;
}

#endif /* _SOFTLEAF_KUNIT_HELPERS_H */
