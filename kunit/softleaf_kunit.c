// SPDX-License-Identifier: GPL-2.0
/*
 * Softleaf entries: the predicates and constructors of include/linux/leafops.h
 * and include/linux/swapops.h, each kind as an entry, in a PTE and in a PMD.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf 'softleaf'
 */
#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/swap.h>

#include "softleaf_helpers.h"
#include "softleaf_kinds.h"

#ifdef TREE_HAS_MM_PREPARE_FOR_SWAP
#include "../../internal.h"
#endif

/* Nonzero, and small enough for every architecture. */
#define SOME_OFFSET	0x1234UL

struct predicate {
	const char *name;
	bool (*of_entry)(softleaf_t entry);
	bool (*of_pte)(pte_t pte);
	bool (*of_pmd)(pmd_t pmd);
};

#define ENTRY_PREDICATE(fn)	{ .name = #fn, .of_entry = fn }
#define PTE_PREDICATE(fn)	{ .name = #fn, .of_pte = fn }
#define PMD_PREDICATE(fn)	{ .name = #fn, .of_pmd = fn }

static const struct predicate predicates[NR_PREDICATES] = {
	[IS_NONE] = ENTRY_PREDICATE(softleaf_is_none),
	[IS_SWAP] = ENTRY_PREDICATE(softleaf_is_swap),
	[IS_MIGRATION] = ENTRY_PREDICATE(softleaf_is_migration),
	[IS_MIGRATION_READ] = ENTRY_PREDICATE(softleaf_is_migration_read),
	[IS_MIGRATION_READ_EXCLUSIVE] = ENTRY_PREDICATE(softleaf_is_migration_read_exclusive),
	[IS_MIGRATION_WRITE] = ENTRY_PREDICATE(softleaf_is_migration_write),
	[IS_DEVICE_PRIVATE] = ENTRY_PREDICATE(softleaf_is_device_private),
	[IS_DEVICE_PRIVATE_WRITE] = ENTRY_PREDICATE(softleaf_is_device_private_write),
	[IS_DEVICE_EXCLUSIVE] = ENTRY_PREDICATE(softleaf_is_device_exclusive),
	[IS_HWPOISON] = ENTRY_PREDICATE(softleaf_is_hwpoison),
	[IS_MARKER] = ENTRY_PREDICATE(softleaf_is_marker),
	[IS_POISON_MARKER] = ENTRY_PREDICATE(softleaf_is_poison_marker),
	[IS_GUARD_MARKER] = ENTRY_PREDICATE(softleaf_is_guard_marker),
	[IS_UFFD_WP_MARKER] = ENTRY_PREDICATE(softleaf_is_uffd_wp_marker),
	[HAS_PFN] = ENTRY_PREDICATE(softleaf_has_pfn),
	[IS_VALID_IN_PMD] = ENTRY_PREDICATE(softleaf_is_valid_pmd_entry),

	[PTE_IS_MARKER] = PTE_PREDICATE(pte_is_marker),
	[PTE_IS_UFFD_WP_MARKER] = PTE_PREDICATE(pte_is_uffd_wp_marker),
	[PTE_IS_UFFD_MARKER] = PTE_PREDICATE(pte_is_uffd_marker),

	[PMD_IS_MIGRATION] = PMD_PREDICATE(pmd_is_migration_entry),
	[PMD_IS_DEVICE_PRIVATE] = PMD_PREDICATE(pmd_is_device_private_entry),
	[PMD_IS_VALID] = PMD_PREDICATE(pmd_is_valid_softleaf),
#ifdef TREE_HAS_PMD_SWAP_ENTRIES
	[PMD_IS_SWAP] = PMD_PREDICATE(pmd_is_swap_entry),
#endif
	[PMD_IS_HUGE] = PMD_PREDICATE(pmd_is_huge),
};

/* A kind this configuration leaves out is made as the none entry. */
static unsigned long expected_predicates(const struct softleaf_kind *kind)
{
	return kind->built ? kind->is : BIT(IS_NONE);
}

static void expect_entry_predicates(struct kunit *test, softleaf_t entry,
				    const struct softleaf_kind *kind, const char *from)
{
	const unsigned long want = expected_predicates(kind);
	unsigned int i;

	for (i = 0; i < NR_PREDICATES; i++) {
		if (!predicates[i].of_entry)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, predicates[i].of_entry(entry), !!(want & BIT(i)),
				    "%s() of a %s entry, %s, value %#lx",
				    predicates[i].name, kind->name, from, entry.val);
	}
}

static void expect_pte_predicates(struct kunit *test, pte_t pte,
				  const struct softleaf_kind *kind, const char *flag)
{
	const unsigned long want = expected_predicates(kind);
	unsigned int i;

	for (i = 0; i < NR_PREDICATES; i++) {
		if (!predicates[i].of_pte)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, predicates[i].of_pte(pte), !!(want & BIT(i)),
				    "%s() of a %s entry with flag %s",
				    predicates[i].name, kind->name, flag);
	}
}

static void expect_pmd_predicates(struct kunit *test, pmd_t pmd,
				  const struct softleaf_kind *kind, const char *flag)
{
	unsigned long want = expected_predicates(kind);
	unsigned int i;

	if (!PMD_SOFTLEAVES)
		want = 0;

	for (i = 0; i < NR_PREDICATES; i++) {
		if (!predicates[i].of_pmd)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, predicates[i].of_pmd(pmd), !!(want & BIT(i)),
				    "%s() of a %s entry with flag %s, raw %#llx",
				    predicates[i].name, kind->name, flag, softleaf_raw_pmd(pmd));
	}
}

KUNIT_ARRAY_PARAM_DESC(softleaf_kind, softleaf_kinds, name);

/* Exactly the predicates of its row are true of an entry. */
static void softleaf_test_entry(struct kunit *test)
{
	const struct softleaf_kind *kind = test->param_value;
	const softleaf_t entry = kind->make(SOME_OFFSET);

	expect_entry_predicates(test, entry, kind, "as made");
	KUNIT_EXPECT_EQ(test, softleaf_type(entry), kind->built ? kind->type : SOFTLEAF_NONE);
}

/* The same after a way through a PTE, whatever flag the PTE carries. */
static void softleaf_test_pte(struct kunit *test)
{
	const struct softleaf_kind *kind = test->param_value;
	const softleaf_t entry = kind->make(SOME_OFFSET);
	const pte_t plain = softleaf_to_pte(entry);
	const struct {
		const char *flag;
		pte_t pte;
	} ptes[] = {
		{ "none", plain },
		{ "exclusive", pte_swp_mkexclusive(plain) },
		{ "soft-dirty", pte_swp_mksoft_dirty(plain) },
		{ "uffd", pte_swp_mkuffd(plain) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ptes); i++) {
		const softleaf_t back = softleaf_from_pte(ptes[i].pte);

		KUNIT_EXPECT_EQ_MSG(test, back.val, entry.val, "flag %s", ptes[i].flag);
		expect_entry_predicates(test, back, kind, ptes[i].flag);
		expect_pte_predicates(test, ptes[i].pte, kind, ptes[i].flag);
		/* A flag makes no entry out of none: no PTE looks like that. */
		if (softleaf_is_none(entry))
			break;
	}
}

/* A PMD that holds the entry; the none entry is the PMD without anything. */
static pmd_t pmd_of(softleaf_t entry)
{
	pmd_t pmd = softleaf_to_pmd(entry);

	if (softleaf_is_none(entry))
		pmd_clear(&pmd);
	return pmd;
}

/* The same after a way through a PMD; with the gate off nothing comes back. */
static void softleaf_test_pmd(struct kunit *test)
{
	const struct softleaf_kind *kind = test->param_value;
	const softleaf_t entry = kind->make(SOME_OFFSET);
	const pmd_t plain = pmd_of(entry);
	const struct {
		const char *flag;
		pmd_t pmd;
	} pmds[] = {
		{ "none", plain },
		{ "soft-dirty", pmd_swp_mksoft_dirty(plain) },
		{ "uffd", pmd_swp_mkuffd(plain) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pmds); i++) {
		const softleaf_t back = softleaf_from_pmd(pmds[i].pmd);

		if (PMD_SOFTLEAVES) {
			KUNIT_EXPECT_EQ_MSG(test, back.val, entry.val, "flag %s, raw %#llx",
					    pmds[i].flag, softleaf_raw_pmd(pmds[i].pmd));
			expect_entry_predicates(test, back, kind, pmds[i].flag);
		} else {
			KUNIT_EXPECT_EQ(test, back.val, softleaf_mk_none().val);
		}
		expect_pmd_predicates(test, pmds[i].pmd, kind, pmds[i].flag);
		if (softleaf_is_none(entry))
			break;
	}
}

/* softleaf_to_pmd() and softleaf_from_pmd() undo each other, both ways round. */
static void softleaf_test_pmd_inverse(struct kunit *test)
{
	const struct softleaf_kind *kind = test->param_value;
	const softleaf_t entry = kind->make(SOME_OFFSET);
	const pmd_t pmd = softleaf_to_pmd(entry);

	if (!PMD_SOFTLEAVES) {
		KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(pmd), 0ULL);
		KUNIT_EXPECT_EQ(test, softleaf_from_pmd(pmd).val, softleaf_mk_none().val);
		return;
	}

	KUNIT_EXPECT_EQ(test, softleaf_from_pmd(pmd).val, entry.val);
	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(softleaf_to_pmd(softleaf_from_pmd(pmd))),
			softleaf_raw_pmd(pmd));
}

/* A constructor keeps the offset and gives no two kinds one type number. */
static void softleaf_test_constructor(struct kunit *test)
{
	const struct softleaf_kind *kind = test->param_value;
	const softleaf_t entry = kind->make(SOME_OFFSET);
	unsigned int i;

	if (!kind->built) {
		KUNIT_EXPECT_EQ(test, entry.val, softleaf_mk_none().val);
		return;
	}
	if (!kind->fixed)
		KUNIT_EXPECT_EQ(test, swp_offset(entry), SOME_OFFSET);

	for (i = 0; i < ARRAY_SIZE(softleaf_kinds); i++) {
		const struct softleaf_kind *other = &softleaf_kinds[i];

		if (!other->built || other->type == kind->type ||
		    kind->type == SOFTLEAF_NONE || other->type == SOFTLEAF_NONE)
			continue;
		KUNIT_EXPECT_NE_MSG(test, swp_type(entry), swp_type(other->make(SOME_OFFSET)),
				    "%s and %s", kind->name, other->name);
	}
}

struct marker_case {
	const char *name;
	pte_marker marker;
	unsigned long is;	/* as in struct softleaf_kind, markers only */
};

static const struct marker_case marker_cases[] = {
	{ "no bit", 0, 0 },
	{ "uffd-wp", PTE_MARKER_UFFD_WP,
	  BIT(IS_UFFD_WP_MARKER) | BIT(PTE_IS_UFFD_WP_MARKER) | BIT(PTE_IS_UFFD_MARKER) },
	{ "poisoned", PTE_MARKER_POISONED,
	  BIT(IS_POISON_MARKER) | BIT(PTE_IS_UFFD_MARKER) },
	{ "guard", PTE_MARKER_GUARD,
	  BIT(IS_GUARD_MARKER) },
	{ "uffd-wp and poisoned", PTE_MARKER_UFFD_WP | PTE_MARKER_POISONED,
	  BIT(IS_UFFD_WP_MARKER) | BIT(IS_POISON_MARKER) |
	  BIT(PTE_IS_UFFD_WP_MARKER) | BIT(PTE_IS_UFFD_MARKER) },
	{ "uffd-wp and guard", PTE_MARKER_UFFD_WP | PTE_MARKER_GUARD,
	  BIT(IS_UFFD_WP_MARKER) | BIT(IS_GUARD_MARKER) |
	  BIT(PTE_IS_UFFD_WP_MARKER) | BIT(PTE_IS_UFFD_MARKER) },
	{ "all bits", PTE_MARKER_MASK,
	  BIT(IS_UFFD_WP_MARKER) | BIT(IS_POISON_MARKER) | BIT(IS_GUARD_MARKER) |
	  BIT(PTE_IS_UFFD_WP_MARKER) | BIT(PTE_IS_UFFD_MARKER) },
};

KUNIT_ARRAY_PARAM_DESC(marker_case, marker_cases, name);

/* Each marker bit is seen by its own predicate and by no other. */
static void softleaf_test_marker(struct kunit *test)
{
	const struct marker_case *c = test->param_value;
	const struct softleaf_kind kind = {
		.name = c->name,
		.built = true,
		.is = BIT(IS_MARKER) | BIT(PTE_IS_MARKER) | c->is,
	};
	const softleaf_t entry = make_pte_marker_entry(c->marker);
	const pte_t pte = make_pte_marker(c->marker);

	KUNIT_EXPECT_EQ(test, softleaf_to_marker(entry), c->marker);
	KUNIT_EXPECT_EQ(test, softleaf_from_pte(pte).val, entry.val);
	expect_entry_predicates(test, entry, &kind, "as made");
	expect_pte_predicates(test, pte, &kind, "none");
}

#if defined(CONFIG_MIGRATION) && defined(CONFIG_SWAP)
static void restore_ad_support(void *saved)
{
	swap_migration_ad_supported = !!saved;
}

/* What the machine supports is found once at boot; say otherwise for a case. */
static void pretend_ad_support(struct kunit *test, bool supported)
{
	const unsigned long saved = swap_migration_ad_supported;

	if (system_state >= SYSTEM_RUNNING)
		kunit_skip(test, "swap_migration_ad_supported is read-only after boot");

	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, restore_ad_support, (void *)saved));
	swap_migration_ad_supported = supported;
}

static softleaf_t migration_entry(unsigned int i)
{
	switch (i) {
	case 0:
		return make_readable_migration_entry(SOME_OFFSET);
	case 1:
		return make_readable_exclusive_migration_entry(SOME_OFFSET);
	default:
		return make_writable_migration_entry(SOME_OFFSET);
	}
}

/* Young and dirty are kept apart from each other, the type and the PFN. */
static void softleaf_test_migration_ad(struct kunit *test)
{
	unsigned int i;

	if (SWP_MIG_TOTAL_BITS > SWP_TYPE_SHIFT)
		kunit_skip(test, "no room for two more bits above %d PFN bits", SWP_PFN_BITS);
	pretend_ad_support(test, true);

	for (i = 0; i < 3; i++) {
		const softleaf_t plain = migration_entry(i);
		const softleaf_t young = make_migration_entry_young(plain);
		const softleaf_t dirty = make_migration_entry_dirty(plain);
		const softleaf_t both = make_migration_entry_dirty(young);

		KUNIT_EXPECT_FALSE(test, softleaf_is_migration_young(plain));
		KUNIT_EXPECT_FALSE(test, softleaf_is_migration_dirty(plain));
		KUNIT_EXPECT_TRUE(test, softleaf_is_migration_young(young));
		KUNIT_EXPECT_FALSE(test, softleaf_is_migration_dirty(young));
		KUNIT_EXPECT_FALSE(test, softleaf_is_migration_young(dirty));
		KUNIT_EXPECT_TRUE(test, softleaf_is_migration_dirty(dirty));
		KUNIT_EXPECT_TRUE(test, softleaf_is_migration_young(both));
		KUNIT_EXPECT_TRUE(test, softleaf_is_migration_dirty(both));

		KUNIT_EXPECT_EQ(test, softleaf_type(both), softleaf_type(plain));
		KUNIT_EXPECT_EQ(test, softleaf_to_pfn(young), SOME_OFFSET);
		KUNIT_EXPECT_EQ(test, softleaf_to_pfn(dirty), SOME_OFFSET);
		KUNIT_EXPECT_EQ(test, softleaf_to_pfn(both), SOME_OFFSET);
	}
}

/* Without room for them the two bits are neither stored nor seen. */
static void softleaf_test_migration_no_ad(struct kunit *test)
{
	unsigned int i;

	pretend_ad_support(test, false);

	for (i = 0; i < 3; i++) {
		const softleaf_t plain = migration_entry(i);
		const softleaf_t with_bits = swp_entry(swp_type(plain), SOME_OFFSET |
						       SWP_MIG_YOUNG | SWP_MIG_DIRTY);

		KUNIT_EXPECT_EQ(test, make_migration_entry_young(plain).val, plain.val);
		KUNIT_EXPECT_EQ(test, make_migration_entry_dirty(plain).val, plain.val);
		KUNIT_EXPECT_FALSE(test, softleaf_is_migration_young(with_bits));
		KUNIT_EXPECT_FALSE(test, softleaf_is_migration_dirty(with_bits));
	}
}
#endif /* CONFIG_MIGRATION && CONFIG_SWAP */

#ifndef CONFIG_SWAP
/* Without swap nothing says what fits, so no A/D bit is stored. */
static void softleaf_test_migration_ad_needs_swap(struct kunit *test)
{
	const softleaf_t entry = make_writable_migration_entry(SOME_OFFSET);

	KUNIT_EXPECT_EQ(test, make_migration_entry_young(entry).val, entry.val);
	KUNIT_EXPECT_EQ(test, make_migration_entry_dirty(entry).val, entry.val);
}
#endif

#if defined(CONFIG_MIGRATION) || defined(CONFIG_DEVICE_PRIVATE) || \
	defined(CONFIG_MEMORY_FAILURE)
static const void *pfn_kind_gen_params(struct kunit *test, const void *prev, char *desc)
{
	return softleaf_next_kind(prev, BIT(HAS_PFN), desc);
}

/* Entries with a PFN lead to their page and folio, without a warning. */
static void softleaf_test_to_folio(struct kunit *test)
{
	const struct softleaf_kind *kind = test->param_value;
	struct folio *folio = alloc_locked_folio(test);
	long i;

	rearm_warnings();
	kunit_warning_suppress(test) {
		for (i = 0; i < folio_nr_pages(folio); i++) {
			struct page *page = folio_page(folio, i);
			const softleaf_t entry = kind->make(page_to_pfn(page));

			KUNIT_EXPECT_EQ(test, softleaf_to_pfn(entry), page_to_pfn(page));
			KUNIT_EXPECT_PTR_EQ(test, softleaf_to_page(entry), page);
			KUNIT_EXPECT_PTR_EQ(test, softleaf_to_folio(entry), folio);
		}
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
}
#endif

/* make_hwpoison_entry() takes a locked page and keeps its PFN. */
static void softleaf_test_make_hwpoison_entry(struct kunit *test)
{
	struct page *page = folio_page(alloc_locked_folio(test), 0);
	const softleaf_t entry = make_hwpoison_entry(page);

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE)) {
		KUNIT_EXPECT_EQ(test, entry.val, softleaf_mk_none().val);
		KUNIT_EXPECT_FALSE(test, is_hwpoison_entry(entry));
		return;
	}

	KUNIT_EXPECT_TRUE(test, is_hwpoison_entry(entry));
	KUNIT_EXPECT_FALSE(test, is_hwpoison_entry(make_swap_first_type(SOME_OFFSET)));
	KUNIT_EXPECT_PTR_EQ(test, softleaf_to_page(entry), page);
}

#ifdef CONFIG_MIGRATION
/* A migration entry is used under the folio lock only. */
static void softleaf_test_unlocked_migration_warns(struct kunit *test)
{
	struct folio *folio = alloc_unlocked_folio(test);
	const softleaf_t entry = make_writable_migration_entry(folio_pfn(folio));

	rearm_warnings();
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_PTR_EQ(test, softleaf_to_page(entry), folio_page(folio, 0));
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, WARNS);
		rearm_warnings();
		KUNIT_EXPECT_PTR_EQ(test, softleaf_to_folio(entry), folio);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 2 * WARNS);
	}
}
#endif

/* A swap slot is no PFN. */
static void softleaf_test_swap_to_pfn_warns(struct kunit *test)
{
	const softleaf_t entry = make_swap_first_type(SOME_OFFSET);

	rearm_warnings();
	kunit_warning_suppress(test) {
		softleaf_to_pfn(entry);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, WARNS);
	}
}

/* Only a marker has marker bits. */
static void softleaf_test_swap_to_marker_warns(struct kunit *test)
{
	const softleaf_t entry = make_swap_first_type(SOME_OFFSET);

	rearm_warnings();
	kunit_warning_suppress(test) {
		softleaf_to_marker(entry);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, WARNS);
	}
}

/* Only a migration entry has A/D bits. */
static void softleaf_test_swap_young_dirty_warns(struct kunit *test)
{
	const softleaf_t entry = make_swap_first_type(SOME_OFFSET);
	const int warns = WARNS && IS_ENABLED(CONFIG_MIGRATION);

	rearm_warnings();
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_FALSE(test, softleaf_is_migration_young(entry));
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, warns);
		rearm_warnings();
		KUNIT_EXPECT_FALSE(test, softleaf_is_migration_dirty(entry));
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 2 * warns);
	}
}

/* A type number beyond all that are given out reads as none. */
static void softleaf_test_unknown_type_warns(struct kunit *test)
{
	const softleaf_t entry = { 1UL << (LEAF_TYPE_SHIFT + MAX_SWAPFILES_SHIFT) };

	rearm_warnings();
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, softleaf_type(entry), SOFTLEAF_NONE);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, WARNS);
	}
}

#ifdef TREE_HAS_MM_PREPARE_FOR_SWAP

static void put_mm(void *mm)
{
	mmput(mm);
}

/* More than any list here is long: a list that was broken ends here. */
#define LONGEST_MMLIST	10000

/*
 * How often swapoff would meet @mm on its way along the mms, -ELOOP when that
 * way has no end. Takes mmlist_lock.
 */
static int times_on_mmlist(const struct mm_struct *mm)
{
	const struct list_head *p;
	int walked = 0, times = 0;

	spin_lock(&mmlist_lock);
	for (p = init_mm.mmlist.next; p != &init_mm.mmlist; p = p->next) {
		if (++walked > LONGEST_MMLIST) {
			times = -ELOOP;
			break;
		}
		if (p == &mm->mmlist)
			times++;
	}
	spin_unlock(&mmlist_lock);

	return times;
}

/* An mm that was never prepared is unknown to swapoff, a prepared one known. */
static void mm_prepare_for_swap_entries_test_adds(struct kunit *test)
{
	struct mm_struct *mm = mm_alloc();

	KUNIT_ASSERT_NOT_NULL(test, mm);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_mm, mm));
	KUNIT_EXPECT_EQ(test, times_on_mmlist(mm), 0);

	mm_prepare_for_swap_entries(mm);
	KUNIT_EXPECT_EQ(test, times_on_mmlist(mm), 1);
}

static void mm_prepare_for_swap_entries_test_idempotent(struct kunit *test)
{
	struct mm_struct *first = mm_alloc(), *second;
	struct list_head *neighbour;

	KUNIT_ASSERT_NOT_NULL(test, first);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_mm, first));
	second = mm_alloc();
	KUNIT_ASSERT_NOT_NULL(test, second);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_mm, second));

	mm_prepare_for_swap_entries(first);
	mm_prepare_for_swap_entries(second);
	neighbour = second->mmlist.next;

	mm_prepare_for_swap_entries(first);
	mm_prepare_for_swap_entries(second);
	KUNIT_EXPECT_EQ(test, times_on_mmlist(first), 1);
	KUNIT_EXPECT_EQ(test, times_on_mmlist(second), 1);
	KUNIT_EXPECT_PTR_EQ(test, second->mmlist.next, neighbour);
}

/* The last mmput() takes the mm away from swapoff again. */
static void mm_prepare_for_swap_entries_test_mmput(struct kunit *test)
{
	struct mm_struct *mm = mm_alloc();

	KUNIT_ASSERT_NOT_NULL(test, mm);
	mm_prepare_for_swap_entries(mm);
	mmgrab(mm);
	mmput(mm);

	KUNIT_EXPECT_EQ(test, times_on_mmlist(mm), 0);
	mmdrop(mm);
}

struct prepare_race {
	struct mm_struct *mm;
	struct completion done;
};

static int prepare_thread(void *data)
{
	struct prepare_race *race = data;

	mm_prepare_for_swap_entries(race->mm);
	complete(&race->done);
	return 0;
}

#ifdef arch_spin_is_contended
/* Expects only: an assertion would leave the caller's migrate_disable() open. */
static void race_for_mmlist_lock(struct kunit *test, unsigned int cpu)
{
	struct prepare_race race = {
		.mm = mm_alloc(),
		.done = COMPLETION_INITIALIZER_ONSTACK(race.done),
	};
	struct task_struct *thread;
	bool contended = false;
	ktime_t end;

	KUNIT_EXPECT_NOT_NULL(test, race.mm);
	if (!race.mm)
		return;

	thread = kthread_create(prepare_thread, &race, "mm-prepare-race");
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, thread);
	if (IS_ERR_OR_NULL(thread))
		goto out;
	kthread_bind(thread, cpu);

	spin_lock(&mmlist_lock);
	wake_up_process(thread);
	end = ktime_add_ms(ktime_get(), 5 * MSEC_PER_SEC);
	while (!contended && ktime_before(ktime_get(), end)) {
		contended = spin_is_contended(&mmlist_lock);
		cpu_relax();
	}
	list_add(&race.mm->mmlist, &init_mm.mmlist);
	spin_unlock(&mmlist_lock);
	wait_for_completion(&race.done);

	KUNIT_EXPECT_TRUE_MSG(test, contended, "the other CPU never waited for mmlist_lock");
	KUNIT_EXPECT_EQ(test, times_on_mmlist(race.mm), 1);
out:
	mmput(race.mm);
}
#endif

/*
 * mmlist_lock is held as swapoff holds it, the other CPU is past the unlocked
 * check and waits for the lock; meanwhile the mm gets on the list. The check
 * under the lock has to see that.
 */
static void mm_prepare_for_swap_entries_test_race(struct kunit *test)
{
#ifdef arch_spin_is_contended
	unsigned int cpu;

	/* Not onto the CPU the thread is given. */
	migrate_disable();
	cpu = cpumask_any_but(cpu_online_mask, smp_processor_id());
	if (cpu < nr_cpu_ids)
		race_for_mmlist_lock(test, cpu);
	migrate_enable();
	if (cpu >= nr_cpu_ids)
		kunit_skip(test, "needs a second CPU to wait for mmlist_lock");
#else
	kunit_skip(test, "spinlocks of " SOFTLEAF_ARCH " here cannot tell whether a CPU waits");
#endif
}
#endif /* TREE_HAS_MM_PREPARE_FOR_SWAP */

static struct kunit_case softleaf_test_cases[] = {
	KUNIT_CASE_PARAM(softleaf_test_entry, softleaf_kind_gen_params),
	KUNIT_CASE_PARAM(softleaf_test_pte, softleaf_kind_gen_params),
	KUNIT_CASE_PARAM(softleaf_test_pmd, softleaf_kind_gen_params),
	KUNIT_CASE_PARAM(softleaf_test_pmd_inverse, softleaf_kind_gen_params),
	KUNIT_CASE_PARAM(softleaf_test_constructor, softleaf_kind_gen_params),
	KUNIT_CASE_PARAM(softleaf_test_marker, marker_case_gen_params),
#if defined(CONFIG_MIGRATION) && defined(CONFIG_SWAP)
	KUNIT_CASE(softleaf_test_migration_ad),
	KUNIT_CASE(softleaf_test_migration_no_ad),
#endif
#ifndef CONFIG_SWAP
	KUNIT_CASE(softleaf_test_migration_ad_needs_swap),
#endif
#if defined(CONFIG_MIGRATION) || defined(CONFIG_DEVICE_PRIVATE) || \
	defined(CONFIG_MEMORY_FAILURE)
	KUNIT_CASE_PARAM(softleaf_test_to_folio, pfn_kind_gen_params),
#endif
	KUNIT_CASE(softleaf_test_make_hwpoison_entry),
#ifdef CONFIG_MIGRATION
	KUNIT_CASE(softleaf_test_unlocked_migration_warns),
#endif
	KUNIT_CASE(softleaf_test_swap_to_pfn_warns),
	KUNIT_CASE(softleaf_test_swap_to_marker_warns),
	KUNIT_CASE(softleaf_test_swap_young_dirty_warns),
	KUNIT_CASE(softleaf_test_unknown_type_warns),
#ifdef TREE_HAS_MM_PREPARE_FOR_SWAP
	KUNIT_CASE(mm_prepare_for_swap_entries_test_adds),
	KUNIT_CASE(mm_prepare_for_swap_entries_test_idempotent),
	KUNIT_CASE(mm_prepare_for_swap_entries_test_mmput),
	KUNIT_CASE(mm_prepare_for_swap_entries_test_race),
#endif
	{}
};

static struct kunit_suite softleaf_test_suite = {
	.name = "softleaf",
	.test_cases = softleaf_test_cases,
};

kunit_test_suite(softleaf_test_suite);
