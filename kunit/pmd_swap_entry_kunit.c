// SPDX-License-Identifier: GPL-2.0
/*
 * A swap entry in a PMD: HPAGE_PMD_NR slots in one entry. What all kinds of
 * PMD softleaf entries have in common is in suite pmd_softleaf_encoding; here
 * is what only swap has. No constant of an architecture is typed in, the same
 * source runs on all of them.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf \
 *		'pmd_swap_entry'
 */
#include <kunit/test.h>

#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/swap.h>
#include <linux/userfaultfd_k.h>

#include "../../internal.h"
#include "../../swap.h"

#include "compat.h"
#include "softleaf_helpers.h"

#if PMD_SOFTLEAVES && defined(TREE_HAS_PMD_SWAP_ENTRIES)

/* HPAGE_PMD_NR, where it is a constant and where it is not. */
#define PMD_NR		((pgoff_t)(PMD_SIZE / PAGE_SIZE))

enum {
	SOFT_DIRTY	= BIT(0),
	UFFD		= BIT(1),
	EXCLUSIVE	= BIT(2),
	ALL_FLAGS	= BIT(3),
};

static bool flags_supported(unsigned int flags)
{
	if ((flags & SOFT_DIRTY) && !pgtable_supports_soft_dirty())
		return false;
	return !(flags & UFFD) || pgtable_supports_uffd();
}

static pmd_t pmd_with(softleaf_t entry, unsigned int flags)
{
	pmd_t pmd = softleaf_to_pmd(entry);

	if (flags & SOFT_DIRTY)
		pmd = pmd_swp_mksoft_dirty(pmd);
	if (flags & UFFD)
		pmd = pmd_swp_mkuffd(pmd);
	if (flags & EXCLUSIVE)
		pmd = pmd_swp_mkexclusive(pmd);
	return pmd;
}

/* What is in a row: the first slot of a PMD swap entry. */
struct slots {
	const char *name;
	unsigned int type;
	bool last;
};

static const struct slots slots_rows[] = {
	{ "first type, first slots", 0, false },
	{ "first type, last slots", 0, true },
	{ "last type, first slots", MAX_SWAPFILES - 1, false },
	{ "last type, last slots", MAX_SWAPFILES - 1, true },
};

KUNIT_ARRAY_PARAM_DESC(slots, slots_rows, name);

/*
 * The last slot that a swap area can have: read_swap_header() keeps it below
 * UINT_MAX, and below what a PTE of this architecture holds. Not asked with
 * type 0: where offsets are stored inverted, its last one is the empty PTE.
 */
static pgoff_t last_slot(void)
{
	const softleaf_t all = swp_entry(1, SWP_OFFSET_MASK);
	const softleaf_t held = softleaf_from_pte(softleaf_to_pte(all));

	return min_t(u64, swp_offset(held), UINT_MAX - 1);
}

static softleaf_t first_entry(const struct slots *row)
{
	/* Slot 0 is the header, so the first PMD worth of slots is spoiled. */
	pgoff_t offset = PMD_NR;

	if (row->last)
		offset = round_down(last_slot() + 1, PMD_NR) - PMD_NR;
	return swp_entry(row->type, offset);
}

/**
 * struct point - one PMD swap entry under test
 * @entry: the entry
 * @flags: the flags set in @pmd
 * @pmd: the entry as a PMD, with @flags
 */
struct point {
	softleaf_t entry;
	unsigned int flags;
	pmd_t pmd;
};

#define EXPECT_AT(at, left, right)					\
do {									\
	const struct point *__p = (at);					\
									\
	KUNIT_EXPECT_EQ_MSG(test, left, right,				\
		SOFTLEAF_ARCH ": type %u, offset %#lx, flags %#x, raw %#llx",\
		swp_type(__p->entry), (unsigned long)swp_offset(__p->entry),\
		__p->flags, softleaf_raw_pmd(__p->pmd));		\
} while (0)

/* Calls it with every combination of flags there is. */
static void each_point(struct kunit *test,
		       void (*check)(struct kunit *test, const struct point *p))
{
	struct point p = { .entry = first_entry(test->param_value) };

	for (p.flags = 0; p.flags < ALL_FLAGS; p.flags++) {
		if (!flags_supported(p.flags))
			continue;
		p.pmd = pmd_with(p.entry, p.flags);
		check(test, &p);
	}
}

static void check_is_swap(struct kunit *test, const struct point *p)
{
	const softleaf_t entry = softleaf_from_pmd(p->pmd);

	EXPECT_AT(p, pmd_is_swap_entry(p->pmd), true);
	EXPECT_AT(p, pmd_is_valid_softleaf(p->pmd), true);
	EXPECT_AT(p, pmd_is_migration_entry(p->pmd), false);
	EXPECT_AT(p, pmd_is_device_private_entry(p->pmd), false);
	EXPECT_AT(p, swp_type(entry), swp_type(p->entry));
	EXPECT_AT(p, swp_offset(entry), swp_offset(p->entry));
}

static void pmd_swap_entry_is_swap(struct kunit *test)
{
	each_point(test, check_is_swap);
}

static void check_no_folio(struct kunit *test, const struct point *p)
{
	rearm_warnings();
	kunit_warning_suppress(test) {
		EXPECT_AT(p, (unsigned long)pmd_to_softleaf_folio(p->pmd), 0UL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	EXPECT_AT(p, softleaf_has_pfn(softleaf_from_pmd(p->pmd)), false);
}

/* It is valid, so nothing to warn about, and an offset is no PFN. */
static void pmd_swap_entry_has_no_folio(struct kunit *test)
{
	each_point(test, check_no_folio);
}

/* A page table that a split makes of it: slot by slot, and no slot twice. */
static void pmd_swap_entry_slots_follow_each_other(struct kunit *test)
{
	const softleaf_t first = first_entry(test->param_value);
	const softleaf_t from_pmd = softleaf_from_pmd(pmd_with(first, EXCLUSIVE));
	pte_t next = softleaf_to_pte(from_pmd);
	pgoff_t i;

	for (i = 0; i < PMD_NR; i++, next = pte_next_swp_offset(next)) {
		const softleaf_t want = swp_entry(swp_type(first),
						  swp_offset(first) + i);
		const softleaf_t got = softleaf_from_pte(next);
		const softleaf_t back = softleaf_from_pmd(softleaf_to_pmd(got));

		KUNIT_ASSERT_EQ_MSG(test, got.val, want.val, "slot %lu", i);
		KUNIT_ASSERT_EQ_MSG(test, from_pmd.val + i, want.val,
				    "slot %lu", i);
		KUNIT_ASSERT_EQ_MSG(test, back.val, want.val, "slot %lu", i);
	}
}

static void check_exclusive(struct kunit *test, const struct point *p)
{
	const unsigned int others = p->flags & ~EXCLUSIVE;
	const pmd_t set = pmd_swp_mkexclusive(p->pmd);
	const pmd_t cleared = pmd_swp_clear_exclusive(p->pmd);

	EXPECT_AT(p, !!pmd_swp_exclusive(p->pmd), !!(p->flags & EXCLUSIVE));
	EXPECT_AT(p, !!pmd_swp_exclusive(set), true);
	EXPECT_AT(p, !!pmd_swp_exclusive(cleared), false);
	EXPECT_AT(p, softleaf_raw_pmd(set),
		  softleaf_raw_pmd(pmd_with(p->entry, others | EXCLUSIVE)));
	EXPECT_AT(p, softleaf_raw_pmd(cleared),
		  softleaf_raw_pmd(pmd_with(p->entry, others)));
	/* Two PMDs that differ in it alone are not the same PMD. */
	EXPECT_AT(p, !!pmd_same(set, cleared), false);

	EXPECT_AT(p, !!pmd_present(set), false);
	EXPECT_AT(p, !!pmd_none(set), false);
	EXPECT_AT(p, !!pmd_trans_huge(set), false);
	EXPECT_AT(p, softleaf_from_pmd(set).val, p->entry.val);
}

/* A flag beside the entry and the other flags, and no part of them. */
static void pmd_swap_entry_exclusive(struct kunit *test)
{
	each_point(test, check_exclusive);
}

static void check_flags_in_pte(struct kunit *test, const struct point *p)
{
	pte_t pte = softleaf_to_pte(softleaf_from_pmd(p->pmd));
	unsigned int in_pte = 0;

	if (pmd_swp_soft_dirty(p->pmd))
		pte = pte_swp_mksoft_dirty(pte);
	if (pmd_swp_uffd(p->pmd))
		pte = pte_swp_mkuffd(pte);
	if (pmd_swp_exclusive(p->pmd))
		pte = pte_swp_mkexclusive(pte);

	if (pte_swp_soft_dirty(pte))
		in_pte |= SOFT_DIRTY;
	if (pte_swp_uffd(pte))
		in_pte |= UFFD;
	if (pte_swp_exclusive(pte))
		in_pte |= EXCLUSIVE;
	EXPECT_AT(p, in_pte, p->flags);
	EXPECT_AT(p, softleaf_from_pte(pte).val, p->entry.val);
}

/* There is a place for each flag of the PMD in the PTEs of a split. */
static void pmd_swap_entry_flags_fit_in_ptes(struct kunit *test)
{
	each_point(test, check_flags_in_pte);
}

#ifdef CONFIG_SWAP
/* A PMD swap entry is put and counted in one cluster, under one lock. */
static void pmd_swap_entry_stays_in_a_cluster(struct kunit *test)
{
	const softleaf_t first = first_entry(test->param_value);
	const softleaf_t last = { first.val + PMD_NR - 1 };

	if (!IS_ENABLED(CONFIG_THP_SWAP))
		kunit_skip(test, "CONFIG_THP_SWAP is off: no huge page has contiguous slots");

	KUNIT_EXPECT_EQ(test, SWAPFILE_CLUSTER % PMD_NR, 0);
	KUNIT_EXPECT_EQ(test, swp_offset(first) / SWAPFILE_CLUSTER,
			swp_offset(last) / SWAPFILE_CLUSTER);
	KUNIT_EXPECT_EQ(test, swp_cluster_offset(first), 0);
}
#endif

#else

/* Why there is nothing to test, or that what is left is harmless. */
static void pmd_swap_entry_none(struct kunit *test)
{
#ifdef TREE_HAS_PMD_SWAP_ENTRIES
	const softleaf_t entry = swp_entry(0, PMD_SIZE / PAGE_SIZE);
	const pmd_t pmd = __pmd(pte_val(softleaf_to_pte(entry)));

	KUNIT_EXPECT_FALSE(test, pmd_is_swap_entry(pmd));
	KUNIT_EXPECT_FALSE(test, pmd_is_valid_softleaf(pmd));
	KUNIT_EXPECT_FALSE(test, pmd_swp_exclusive(pmd_swp_mkexclusive(pmd)));
	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(pmd_swp_mkexclusive(pmd)),
			softleaf_raw_pmd(pmd));
	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(pmd_swp_clear_exclusive(pmd)),
			softleaf_raw_pmd(pmd));
#else
	kunit_skip(test, "no PMD swap entries: this tree has no pmd_is_swap_entry()");
#endif
}

#endif

static struct kunit_case pmd_swap_entry_cases[] = {
#if PMD_SOFTLEAVES && defined(TREE_HAS_PMD_SWAP_ENTRIES)
	KUNIT_CASE_PARAM(pmd_swap_entry_is_swap, slots_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_entry_has_no_folio, slots_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_entry_slots_follow_each_other,
			 slots_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_entry_exclusive, slots_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_entry_flags_fit_in_ptes, slots_gen_params),
#ifdef CONFIG_SWAP
	KUNIT_CASE_PARAM(pmd_swap_entry_stays_in_a_cluster, slots_gen_params),
#endif
#else
	KUNIT_CASE(pmd_swap_entry_none),
#endif
	{}
};

static struct kunit_suite pmd_swap_entry_suite = {
	.name = "pmd_swap_entry",
	.test_cases = pmd_swap_entry_cases,
};

kunit_test_suite(pmd_swap_entry_suite);
