// SPDX-License-Identifier: GPL-2.0
/*
 * Splitting a PMD swap entry: one PMD becomes a page table of swap entries, a
 * slot a page, and nothing else changes.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf \
 *		'pmd_swap_split'
 */
#include <kunit/test.h>

#include <linux/mman.h>
#include <linux/swap.h>

#include "../../internal.h"
#include "../../swap.h"

#include "compat.h"
#include "fixtures/fixtures.h"
#include "softleaf_helpers.h"

#define HALF	(TEST_PMD_NR / 2)

/* The swap entry of each page is the slot of its own, in the order of pages. */
static void expect_slots_in_order(struct test_mm *tm, unsigned long addr,
				  softleaf_t first, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		softleaf_t entry = test_softleaf(tm, addr + i * PAGE_SIZE);

		KUNIT_ASSERT_EQ_MSG(tm->test, entry.val, first.val + i,
				    "entry of page %u", i);
	}
}

static void pmd_swap_split_keeps_all_slots(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);
	unsigned int cached = test_slots(tm, thp.addr, TEST_PMD_NR).cached;

	test_pmd_swap_split(tm, thp);

	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_count_ptes(tm, thp.addr, TEST_PMD_NR).swap);
	expect_slots_in_order(tm, thp.addr, first, TEST_PMD_NR);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, cached,
			test_slots(tm, thp.addr, TEST_PMD_NR).cached);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_RSS(stat, 0, 0);

	TEST_EXPECT_THP(tm, thp);
	TEST_EXPECT_RSS(stat, TEST_PMD_NR, -TEST_PMD_NR);
}

static void pmd_swap_split_takes_the_deposit(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_thp other = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	if (test_deposits(tm, thp.addr) == -EOPNOTSUPP)
		kunit_skip(test, "this architecture keeps deposits in a way of its own");
	KUNIT_ASSERT_EQ(test, test_deposits(tm, thp.addr), 2);

	test_pmd_swap_split(tm, thp);

	KUNIT_EXPECT_EQ(test, test_deposits(tm, thp.addr), 1);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	/* It was a page table of its own: the neighbour is as it was. */
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, other.addr));
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 2 * TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
	TEST_EXPECT_THP(tm, other);
}

/* Each flag of the PMD, alone and with the others, in all of its PTEs. */
struct flags {
	const char *name;
	bool soft_dirty;
	bool uffd;
	bool exclusive;
};

static const struct flags all_flags[] = {
	{ "none", false, false, false },
	{ "soft-dirty", true, false, false },
	{ "uffd", false, true, false },
	{ "exclusive", false, false, true },
	{ "soft-dirty, uffd", true, true, false },
	{ "soft-dirty, exclusive", true, false, true },
	{ "uffd, exclusive", false, true, true },
	{ "soft-dirty, uffd, exclusive", true, true, true },
};

KUNIT_ARRAY_PARAM_DESC(flags, all_flags, name);

static void arm_uffd(struct test_mm *tm, struct test_thp thp)
{
	struct test_uffd uffd = test_uffd_open(tm, 0);

	KUNIT_ASSERT_EQ(tm->test, 0,
			test_uffd_register(&uffd, thp.addr, PMD_SIZE,
					   UFFDIO_REGISTER_MODE_WP));
	KUNIT_ASSERT_EQ(tm->test, 0,
			test_uffd_wp(&uffd, thp.addr, PMD_SIZE, true));
}

static void pmd_swap_split_carries_flags(struct kunit *test)
{
	const struct flags *want = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp;
	struct test_ptes n;
	pmd_t pmd;

	if (want->soft_dirty && !pgtable_supports_soft_dirty())
		kunit_skip(test, "no soft-dirty bit here");
	if (want->uffd && !pgtable_supports_uffd())
		kunit_skip(test, "no userfaultfd bit here");

	thp = test_thp_map(tm);
	/* A page that was shared once is not exclusive when it is swapped out. */
	if (!want->exclusive)
		test_mm_exit(test_mm_fork(tm));
	if (!want->soft_dirty && pgtable_supports_soft_dirty())
		KUNIT_ASSERT_EQ(test, 0,
				test_clear_refs(tm, TEST_CLEAR_REFS_SOFT_DIRTY));
	if (want->uffd)
		arm_uffd(tm, thp);
	test_pmd_swap_out(tm, thp);
	pmd = test_pmd(tm, thp.addr);
	KUNIT_ASSERT_EQ(test, !!pmd_swp_soft_dirty(pmd), want->soft_dirty);
	KUNIT_ASSERT_EQ(test, !!pmd_swp_uffd(pmd), want->uffd);

	test_pmd_swap_split(tm, thp);

	n = test_count_ptes(tm, thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.swap, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.soft_dirty, want->soft_dirty ? TEST_PMD_NR : 0);
	KUNIT_EXPECT_EQ(test, n.uffd, want->uffd ? TEST_PMD_NR : 0);
	KUNIT_EXPECT_EQ(test, n.exclusive, want->exclusive ? TEST_PMD_NR : 0);
	TEST_EXPECT_THP(tm, thp);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
}

/*
 * What cuts a PMD in two. @act does so; @gone pages from @first on are not in
 * swap afterwards, at their old address, all others are.
 */
struct cut {
	const char *name;
	int (*act)(struct test_mm *tm, unsigned long addr, const struct cut *cut);
	int first;
	int gone;
	bool moved;
};

static int cut_munmap(struct test_mm *tm, unsigned long addr,
		      const struct cut *cut)
{
	return test_mm_munmap(tm, addr + cut->first * PAGE_SIZE,
			      cut->gone * PAGE_SIZE);
}

/* Maps something else there. */
static int cut_mmap_fixed(struct test_mm *tm, unsigned long addr,
			  const struct cut *cut)
{
	unsigned long where = addr + cut->first * PAGE_SIZE;
	struct test_mm *old = test_mm_use(tm);
	unsigned long ret;

	ret = vm_mmap(NULL, where, cut->gone * PAGE_SIZE, PROT_READ,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
	test_mm_use(old);
	return ret == where ? 0 : (int)ret;
}

static int cut_mprotect(struct test_mm *tm, unsigned long addr,
			const struct cut *cut)
{
	return test_mm_mprotect(tm, addr + cut->first * PAGE_SIZE,
				(TEST_PMD_NR - cut->first) * PAGE_SIZE,
				PROT_READ);
}

static int cut_madvise(struct test_mm *tm, unsigned long addr,
		       const struct cut *cut)
{
	return test_mm_madvise(tm, addr + cut->first * PAGE_SIZE, PAGE_SIZE,
			       MADV_DONTDUMP);
}

static int cut_mremap(struct test_mm *tm, unsigned long addr,
		      const struct cut *cut)
{
	unsigned long len = cut->gone * PAGE_SIZE;
	unsigned long from = addr + cut->first * PAGE_SIZE;
	unsigned long to = test_mm_reserve(tm, len);
	softleaf_t entry = test_softleaf(tm, from);
	long ret;

	ret = test_mm_mremap(tm, from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
			     to);
	if (ret != to)
		return ret;
	expect_slots_in_order(tm, to, entry, cut->gone);
	return 0;
}

static const struct cut cuts[] = {
	{ "munmap, first page", cut_munmap, 0, 1 },
	{ "munmap, page in the middle", cut_munmap, HALF, 1 },
	{ "munmap, last page", cut_munmap, TEST_PMD_NR - 1, 1 },
	{ "munmap, all but the first page", cut_munmap, 1, TEST_PMD_NR - 1 },
	{ "munmap, all but the last page", cut_munmap, 0, TEST_PMD_NR - 1 },
	{ "mmap over the second half", cut_mmap_fixed, HALF, HALF },
	{ "mprotect, from the second page", cut_mprotect, 1, 0 },
	{ "mprotect, second half", cut_mprotect, HALF, 0 },
	{ "mprotect, last page", cut_mprotect, TEST_PMD_NR - 1, 0 },
	{ "VMA flag, page in the middle", cut_madvise, HALF, 0 },
	{ "mremap, first half", cut_mremap, 0, HALF, true },
	{ "mremap, last page", cut_mremap, TEST_PMD_NR - 1, 1, true },
};

KUNIT_ARRAY_PARAM_DESC(cut, cuts, name);

static void pmd_swap_split_at_vma_edge(struct kunit *test)
{
	const struct cut *cut = test->param_value;
	const int lost = cut->moved ? 0 : cut->gone;
	const int after = cut->first + cut->gone;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);

	KUNIT_ASSERT_EQ(test, 0, cut->act(tm, thp.addr, cut));

	KUNIT_ASSERT_TRUE(test, test_has_pte_table(tm, thp.addr));
	expect_slots_in_order(tm, thp.addr, first, cut->first);
	KUNIT_EXPECT_EQ(test, cut->gone,
			test_count_ptes(tm, thp.addr + cut->first * PAGE_SIZE,
					cut->gone).none);
	first.val += after;
	expect_slots_in_order(tm, thp.addr + after * PAGE_SIZE, first,
			      TEST_PMD_NR - after);
	TEST_EXPECT_RSS(stat, 0, -lost);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR - lost);
	/* Where the other part went to needs a page table as well. */
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat),
			cut->moved ? PTRS_PER_PTE * sizeof(pte_t) : 0);
	TEST_EXPECT_PATTERN(tm, thp.addr, cut->first, thp.seed);
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + after * PAGE_SIZE,
			       TEST_PMD_NR - after, thp.seed, after);
}

static void pmd_swap_split_then_half_unmapped(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);
	softleaf_t second_half = { first.val + HALF };

	test_pmd_swap_split(tm, thp);
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_munmap(tm, thp.addr, HALF * PAGE_SIZE));

	TEST_EXPECT_COUNT(test, first, HALF, 0);
	TEST_EXPECT_COUNT(test, second_half, HALF, 1);
	TEST_EXPECT_RSS(stat, 0, -HALF);
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + HALF * PAGE_SIZE, HALF, thp.seed,
			       HALF);
	TEST_EXPECT_RSS(stat, HALF, -TEST_PMD_NR);
	/* The pages in the swap cache keep a slot until it is asked back. */
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + HALF * PAGE_SIZE, HALF, thp.seed,
			       HALF);
}

/* The entries of parent and child share the slots, not the page table. */
static void pmd_swap_split_leaves_the_parent_alone(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_mm *child = test_mm_fork(tm);

	test_pmd_swap_split(child, thp);

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 2);
	TEST_EXPECT_SLOTS(child, thp.addr, TEST_PMD_NR, 2);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_THP(child, thp);
	TEST_EXPECT_THP(tm, thp);
}

static void pmd_swap_split_touches_no_folio(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct folio *folio = test_pmd_swap_folio(tm, thp);
	int refs = folio_ref_count(folio);

	KUNIT_ASSERT_EQ(test, folio_nr_pages(folio), TEST_PMD_NR);

	test_pmd_swap_split(tm, thp);

	KUNIT_EXPECT_EQ(test, folio_nr_pages(folio), TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), refs);
	KUNIT_EXPECT_EQ(test, folio_mapcount(folio), 0);
	KUNIT_EXPECT_TRUE(test, folio_test_swapcache(folio));
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_slots(tm, thp.addr, TEST_PMD_NR).cached);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
}

/*
 * To freeze is to replace the mappings of a folio by migration entries, and a
 * PMD swap entry maps none. Nobody asks for it: rmap does not lead there.
 */
static void pmd_swap_split_does_not_freeze(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);
	struct test_ptes n;

	rearm_warnings();
	kunit_warning_suppress(test) {
		mmap_write_lock(tm->mm);
		split_huge_pmd_address(vma_lookup(tm->mm, thp.addr), thp.addr,
				       true);
		mmap_write_unlock(tm->mm);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, WARNS);
	}

	n = test_count_ptes(tm, thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.swap, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.migration, 0);
	KUNIT_EXPECT_EQ(test, n.exclusive, TEST_PMD_NR);
	expect_slots_in_order(tm, thp.addr, first, TEST_PMD_NR);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
}

static struct kunit_case pmd_swap_split_cases[] = {
	KUNIT_CASE_PARAM(pmd_swap_split_keeps_all_slots,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_split_takes_the_deposit),
	KUNIT_CASE_PARAM(pmd_swap_split_carries_flags, flags_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_split_at_vma_edge, cut_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_split_then_half_unmapped,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_split_leaves_the_parent_alone),
	KUNIT_CASE_PARAM(pmd_swap_split_touches_no_folio,
			 test_pmd_swap_cached_gen_params),
	KUNIT_CASE(pmd_swap_split_does_not_freeze),
	{}
};

static struct kunit_suite pmd_swap_split_suite = {
	.name = "pmd_swap_split",
	.test_cases = pmd_swap_split_cases,
};

kunit_test_suite(pmd_swap_split_suite);
