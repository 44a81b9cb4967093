/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kinds of softleaf entries, one row a kind: how it is made and which
 * predicates have to be true of it. All others have to be false.
 */
#ifndef _SOFTLEAF_KUNIT_KINDS_H
#define _SOFTLEAF_KUNIT_KINDS_H

#include <kunit/test.h>

#include <linux/bits.h>

#include "compat.h"

/* One bit a predicate: of an entry, of a PTE, of a PMD. */
enum softleaf_predicate {
	IS_NONE,
	IS_SWAP,
	IS_MIGRATION,
	IS_MIGRATION_READ,
	IS_MIGRATION_READ_EXCLUSIVE,
	IS_MIGRATION_WRITE,
	IS_DEVICE_PRIVATE,
	IS_DEVICE_PRIVATE_WRITE,
	IS_DEVICE_EXCLUSIVE,
	IS_HWPOISON,
	IS_MARKER,
	IS_POISON_MARKER,
	IS_GUARD_MARKER,
	IS_UFFD_WP_MARKER,
	HAS_PFN,
	IS_VALID_IN_PMD,

	PTE_IS_MARKER,
	PTE_IS_UFFD_WP_MARKER,
	PTE_IS_UFFD_MARKER,

	PMD_IS_MIGRATION,
	PMD_IS_DEVICE_PRIVATE,
	PMD_IS_VALID,
	PMD_IS_SWAP,
	PMD_IS_HUGE,

	NR_PREDICATES
};

/**
 * struct softleaf_kind - one kind of softleaf entry
 * @name: what a failure message and a parameter row call it
 * @make: makes an entry with @offset; when the kind is not @built it is the
 *	constructor of include/linux/swapops.h that has to give the none entry
 * @type: what softleaf_type() has to say
 * @built: whether this configuration has the kind
 * @fixed: the offset is the marker's own, @make ignores its argument
 * @is: the predicates that are true, BIT(enum softleaf_predicate)
 */
struct softleaf_kind {
	const char *name;
	softleaf_t (*make)(pgoff_t offset);
	enum softleaf_type type;
	bool built;
	bool fixed;
	unsigned long is;
};

static inline softleaf_t make_none(pgoff_t offset)
{
	return softleaf_mk_none();
}

static inline softleaf_t make_swap_first_type(pgoff_t offset)
{
	return swp_entry(0, offset);
}

static inline softleaf_t make_swap_last_type(pgoff_t offset)
{
	return swp_entry(MAX_SWAPFILES - 1, offset);
}

/* make_hwpoison_entry() wants a locked page, this any offset. */
static inline softleaf_t make_hwpoison(pgoff_t offset)
{
#ifdef CONFIG_MEMORY_FAILURE
	return swp_entry(SWP_HWPOISON, offset);
#else
	return make_hwpoison_entry(NULL);
#endif
}

static inline softleaf_t make_uffd_wp_marker(pgoff_t offset)
{
	return make_pte_marker_entry(PTE_MARKER_UFFD_WP);
}

static inline softleaf_t make_poison_marker(pgoff_t offset)
{
	return make_poisoned_swp_entry();
}

static inline softleaf_t make_guard_marker(pgoff_t offset)
{
	return make_guard_swp_entry();
}

/* A PMD swap entry is valid in a PMD only in a tree that has them. */
#ifdef TREE_HAS_PMD_SWAP_ENTRIES
#define SWAP_IN_PMD	(BIT(IS_VALID_IN_PMD) | BIT(PMD_IS_VALID) | BIT(PMD_IS_SWAP))
#else
#define SWAP_IN_PMD	0
#endif

static const struct softleaf_kind softleaf_kinds[] = {
	{
		.name = "none",
		.make = make_none,
		.type = SOFTLEAF_NONE,
		.built = true,
		.fixed = true,
		.is = BIT(IS_NONE),
	},
	{
		.name = "swap, first type",
		.make = make_swap_first_type,
		.type = SOFTLEAF_SWAP,
		.built = true,
		.is = BIT(IS_SWAP) | BIT(PMD_IS_HUGE) | SWAP_IN_PMD,
	},
	{
		.name = "swap, last type",
		.make = make_swap_last_type,
		.type = SOFTLEAF_SWAP,
		.built = true,
		.is = BIT(IS_SWAP) | BIT(PMD_IS_HUGE) | SWAP_IN_PMD,
	},
	{
		.name = "migration read",
		.make = make_readable_migration_entry,
		.type = SOFTLEAF_MIGRATION_READ,
		.built = IS_ENABLED(CONFIG_MIGRATION),
		.is = BIT(IS_MIGRATION) | BIT(IS_MIGRATION_READ) |
		      BIT(HAS_PFN) | BIT(IS_VALID_IN_PMD) |
		      BIT(PMD_IS_MIGRATION) | BIT(PMD_IS_VALID) |
		      BIT(PMD_IS_HUGE),
	},
	{
		.name = "migration read exclusive",
		.make = make_readable_exclusive_migration_entry,
		.type = SOFTLEAF_MIGRATION_READ_EXCLUSIVE,
		.built = IS_ENABLED(CONFIG_MIGRATION),
		.is = BIT(IS_MIGRATION) | BIT(IS_MIGRATION_READ_EXCLUSIVE) |
		      BIT(HAS_PFN) | BIT(IS_VALID_IN_PMD) |
		      BIT(PMD_IS_MIGRATION) | BIT(PMD_IS_VALID) |
		      BIT(PMD_IS_HUGE),
	},
	{
		.name = "migration write",
		.make = make_writable_migration_entry,
		.type = SOFTLEAF_MIGRATION_WRITE,
		.built = IS_ENABLED(CONFIG_MIGRATION),
		.is = BIT(IS_MIGRATION) | BIT(IS_MIGRATION_WRITE) |
		      BIT(HAS_PFN) | BIT(IS_VALID_IN_PMD) |
		      BIT(PMD_IS_MIGRATION) | BIT(PMD_IS_VALID) |
		      BIT(PMD_IS_HUGE),
	},
	{
		.name = "device private read",
		.make = make_readable_device_private_entry,
		.type = SOFTLEAF_DEVICE_PRIVATE_READ,
		.built = IS_ENABLED(CONFIG_DEVICE_PRIVATE),
		.is = BIT(IS_DEVICE_PRIVATE) |
		      BIT(HAS_PFN) | BIT(IS_VALID_IN_PMD) |
		      BIT(PMD_IS_DEVICE_PRIVATE) | BIT(PMD_IS_VALID) |
		      BIT(PMD_IS_HUGE),
	},
	{
		.name = "device private write",
		.make = make_writable_device_private_entry,
		.type = SOFTLEAF_DEVICE_PRIVATE_WRITE,
		.built = IS_ENABLED(CONFIG_DEVICE_PRIVATE),
		.is = BIT(IS_DEVICE_PRIVATE) | BIT(IS_DEVICE_PRIVATE_WRITE) |
		      BIT(HAS_PFN) | BIT(IS_VALID_IN_PMD) |
		      BIT(PMD_IS_DEVICE_PRIVATE) | BIT(PMD_IS_VALID) |
		      BIT(PMD_IS_HUGE),
	},
	{
		.name = "device exclusive",
		.make = make_device_exclusive_entry,
		.type = SOFTLEAF_DEVICE_EXCLUSIVE,
		.built = IS_ENABLED(CONFIG_DEVICE_PRIVATE),
		.is = BIT(IS_DEVICE_EXCLUSIVE) | BIT(HAS_PFN) |
		      BIT(PMD_IS_HUGE),
	},
	{
		.name = "hwpoison",
		.make = make_hwpoison,
		.type = SOFTLEAF_HWPOISON,
		.built = IS_ENABLED(CONFIG_MEMORY_FAILURE),
		.is = BIT(IS_HWPOISON) | BIT(HAS_PFN) | BIT(PMD_IS_HUGE),
	},
	{
		.name = "uffd-wp marker",
		.make = make_uffd_wp_marker,
		.type = SOFTLEAF_MARKER,
		.built = true,
		.fixed = true,
		.is = BIT(IS_MARKER) | BIT(IS_UFFD_WP_MARKER) |
		      BIT(PTE_IS_MARKER) | BIT(PTE_IS_UFFD_WP_MARKER) |
		      BIT(PTE_IS_UFFD_MARKER) | BIT(PMD_IS_HUGE),
	},
	{
		.name = "poison marker",
		.make = make_poison_marker,
		.type = SOFTLEAF_MARKER,
		.built = true,
		.fixed = true,
		.is = BIT(IS_MARKER) | BIT(IS_POISON_MARKER) |
		      BIT(PTE_IS_MARKER) | BIT(PTE_IS_UFFD_MARKER) |
		      BIT(PMD_IS_HUGE),
	},
	{
		.name = "guard marker",
		.make = make_guard_marker,
		.type = SOFTLEAF_MARKER,
		.built = true,
		.fixed = true,
		.is = BIT(IS_MARKER) | BIT(IS_GUARD_MARKER) |
		      BIT(PTE_IS_MARKER) | BIT(PMD_IS_HUGE),
	},
};

/**
 * softleaf_next_kind() - the next kind this configuration has
 * @prev: the kind before, NULL to begin
 * @is: predicates that have to be true of it, 0 for any
 * @desc: gets its name; KUNIT_PARAM_DESC_SIZE bytes
 *
 * For generators of KUnit parameters. Kinds left out of the configuration have
 * no encoding to look at; suite softleaf proves that they give the none entry.
 *
 * Returns: the kind, NULL after the last.
 */
static inline const struct softleaf_kind *
softleaf_next_kind(const struct softleaf_kind *prev, unsigned long is, char *desc)
{
	const struct softleaf_kind *kind = prev ? prev + 1 : softleaf_kinds;

	for (; kind < softleaf_kinds + ARRAY_SIZE(softleaf_kinds); kind++) {
		if (!kind->built || (kind->is & is) != is)
			continue;
		strscpy(desc, kind->name, KUNIT_PARAM_DESC_SIZE);
		return kind;
	}
	return NULL;
}

#endif /* _SOFTLEAF_KUNIT_KINDS_H */
