// SPDX-License-Identifier: GPL-2.0
/*
 * Zapping a PMD swap entry: munmap(), MADV_DONTNEED, exit and what else takes
 * memory away. The slots, the deposited page table and MM_SWAPENTS go with it,
 * though there is no folio.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf \
 *		'pmd_swap_zap'
 */
#include <kunit/test.h>

#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>

#include "compat.h"
#include "fixtures/fixtures.h"

#define HALF		(TEST_PMD_NR / 2)

/* Bytes that one page table counts in mm_pgtables_bytes(). */
#define PTE_TABLE_BYTES	((long)(PTRS_PER_PTE * sizeof(pte_t)))

struct way {
	const char *name;
	int (*zap)(struct test_mm *tm, unsigned long addr, unsigned long len);
	bool mapped;	/* zeroes can be read there afterwards */
};

static int zap_dontneed(struct test_mm *tm, unsigned long addr,
			unsigned long len)
{
	return test_mm_madvise(tm, addr, len, MADV_DONTNEED);
}

static int zap_dontneed_locked(struct test_mm *tm, unsigned long addr,
			       unsigned long len)
{
	return test_mm_madvise(tm, addr, len, MADV_DONTNEED_LOCKED);
}

static int zap_mmap_fixed(struct test_mm *tm, unsigned long addr,
			  unsigned long len)
{
	struct test_mm *old = test_mm_use(tm);
	unsigned long ret;

	ret = vm_mmap(NULL, addr, len, PROT_READ,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
	test_mm_use(old);
	return ret == addr ? 0 : (int)ret;
}

/* Moves untouched memory there. */
static int zap_mremap_fixed(struct test_mm *tm, unsigned long addr,
			    unsigned long len)
{
	unsigned long from = test_mm_map(tm, len, PROT_READ, 0);
	long ret;

	ret = test_mm_mremap(tm, from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
			     addr);
	return ret == addr ? 0 : ret;
}

static const struct way ways[] = {
	{ "munmap", test_mm_munmap, false },
	{ "MADV_DONTNEED", zap_dontneed, true },
	{ "MADV_DONTNEED_LOCKED", zap_dontneed_locked, true },
	{ "mmap over it", zap_mmap_fixed, true },
	{ "mremap over it", zap_mremap_fixed, true },
};

KUNIT_ARRAY_PARAM_DESC(way, ways, name);

static void pmd_swap_zap_whole(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);

	KUNIT_ASSERT_EQ(test, 0, way->zap(tm, thp.addr, PMD_SIZE));

	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(tm, thp.addr)));
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
	TEST_EXPECT_RSS(stat, 0, -TEST_PMD_NR);
	/* Nobody comes back for what was swapped out. */
	TEST_EXPECT_EVENT(stat, "pswpin", 0);
	if (way->mapped)
		TEST_EXPECT_ZERO(tm, thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
}

/* Another entry has its deposit in the same place: only one may go. */
static void pmd_swap_zap_frees_the_deposit(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_thp other = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	if (test_deposits(tm, thp.addr) == -EOPNOTSUPP)
		kunit_skip(test, "this architecture keeps deposits in a way of its own");
	KUNIT_ASSERT_EQ(test, test_deposits(tm, thp.addr), 2);

	KUNIT_ASSERT_EQ(test, 0, zap_dontneed(tm, thp.addr, PMD_SIZE));

	KUNIT_EXPECT_EQ(test, test_deposits(tm, thp.addr), 1);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), -PTE_TABLE_BYTES);
	TEST_EXPECT_SLOTS(tm, other.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_THP(tm, other);
}

static void pmd_swap_zap_on_area(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);

	KUNIT_ASSERT_EQ(test, 0, test_mm_munmap(tm, thp.addr, PMD_SIZE));

	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(tm, thp.addr)));
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 0);
	TEST_EXPECT_RSS(stat, 0, -TEST_PMD_NR);
	/* What is under writeback yet goes later, and must not be lost. */
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
}

/* Nobody wants the folio any more: it leaves the swap cache with its slots. */
static void pmd_swap_zap_drops_the_cached_folio(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct folio *folio = test_pmd_swap_folio(tm, thp);
	softleaf_t first = test_softleaf(tm, thp.addr);

	KUNIT_ASSERT_EQ(test, 0, zap_dontneed(tm, thp.addr, PMD_SIZE));

	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 0);
	KUNIT_EXPECT_FALSE(test, folio_test_swapcache(folio));
	/* The case's own. */
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
	TEST_EXPECT_ZERO(tm, thp.addr, TEST_PMD_NR);
}

static void pmd_swap_zap_shared(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_mm *child = test_mm_fork(tm);
	struct test_stat *stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, 0, way->zap(child, thp.addr, PMD_SIZE));

	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(child, thp.addr)));
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(child->mm, MM_SWAPENTS), 0L);
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
}

static void drop_mm(void *mm)
{
	mmdrop(mm);
}

/* exit_mmap(), of a process that still has all of its memory. */
static void pmd_swap_zap_at_exit(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_mm *dying = test_mm_create(test);
	struct mm_struct *mm = dying->mm;
	struct test_thp thp = test_pmd_swap_map(dying);
	softleaf_t first = test_softleaf(dying, thp.addr);

	test_pmd_swap_map(dying);
	KUNIT_ASSERT_EQ(test, test_swap_used(swap), 2 * TEST_PMD_NR);
	mmgrab(mm);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, drop_mm, mm));

	test_mm_exit(dying);

	/* Of a process that is gone these say what it has leaked. */
	KUNIT_ASSERT_EQ(test, atomic_read(&mm->mm_users), 0);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(mm, MM_SWAPENTS), 0L);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(mm, MM_ANONPAGES), 0L);
	KUNIT_EXPECT_EQ(test, mm_pgtables_bytes(mm), 0UL);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
}

/* A child that exits, and parents that live on. */
static void pmd_swap_zap_at_exit_of_child(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_mm *child = test_mm_fork(tm);
	struct mm_struct *mm = child->mm;

	mmgrab(mm);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, drop_mm, mm));

	test_mm_exit(child);

	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(mm, MM_SWAPENTS), 0L);
	KUNIT_EXPECT_EQ(test, mm_pgtables_bytes(mm), 0UL);
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
}

struct part {
	const char *name;
	int first;
	int nr;
};

static const struct part parts[] = {
	{ "first page", 0, 1 },
	{ "first half", 0, HPAGE_PMD_NR / 2 },
	{ "page in the middle", HPAGE_PMD_NR / 2, 1 },
	{ "second half", HPAGE_PMD_NR / 2, HPAGE_PMD_NR / 2 },
	{ "last page", HPAGE_PMD_NR - 1, 1 },
	{ "all but the first page", 1, HPAGE_PMD_NR - 1 },
	{ "all but the last page", 0, HPAGE_PMD_NR - 1 },
	{ "all but first and last page", 1, HPAGE_PMD_NR - 2 },
};

KUNIT_ARRAY_PARAM_DESC(part, parts, name);

static void pmd_swap_zap_part(struct kunit *test)
{
	const struct part *part = test->param_value;
	const int after = part->first + part->nr;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	unsigned long part_addr = thp.addr + part->first * PAGE_SIZE;
	unsigned long after_addr = thp.addr + after * PAGE_SIZE;
	softleaf_t first = test_softleaf(tm, thp.addr);
	softleaf_t part_first = { first.val + part->first };
	softleaf_t after_first = { first.val + after };

	KUNIT_ASSERT_EQ(test, 0,
			zap_dontneed(tm, part_addr, part->nr * PAGE_SIZE));

	KUNIT_EXPECT_TRUE(test, test_has_pte_table(tm, thp.addr));
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	KUNIT_EXPECT_EQ(test, part->nr,
			test_count_ptes(tm, part_addr, part->nr).none);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR - part->nr,
			test_count_ptes(tm, thp.addr, TEST_PMD_NR).exclusive);
	TEST_EXPECT_RSS(stat, 0, -part->nr);
	if (part->first)
		TEST_EXPECT_COUNT(test, first, part->first, 1);
	TEST_EXPECT_COUNT(test, part_first, part->nr, 0);
	if (after < TEST_PMD_NR)
		TEST_EXPECT_COUNT(test, after_first, TEST_PMD_NR - after, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR - part->nr);

	TEST_EXPECT_PATTERN(tm, thp.addr, part->first, thp.seed);
	TEST_EXPECT_ZERO(tm, part_addr, part->nr);
	TEST_EXPECT_PATTERN_AT(tm, after_addr, TEST_PMD_NR - after, thp.seed,
			       after);
}

/* From the middle of one entry to the middle of the next but one. */
static void pmd_swap_zap_across(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	unsigned long addr = test_thp_reserve(tm, 3);
	unsigned long middle = addr + HALF * PAGE_SIZE;
	u32 seed = test_pattern_new_seed();
	struct test_stat *stat;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0,
			test_pattern_fill(tm, addr, 3 * TEST_PMD_NR, seed, 0));
	for (i = 0; i < 3; i++) {
		struct test_thp thp = { .addr = addr + i * PMD_SIZE };

		KUNIT_ASSERT_TRUE(test, test_is_thp(tm, thp.addr));
		test_pmd_swap_out(tm, thp);
	}
	stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, 0, zap_dontneed(tm, middle, 2 * PMD_SIZE));

	KUNIT_EXPECT_TRUE(test, test_has_pte_table(tm, addr));
	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(tm, addr + PMD_SIZE)));
	KUNIT_EXPECT_TRUE(test, test_has_pte_table(tm, addr + 2 * PMD_SIZE));
	TEST_EXPECT_RSS(stat, 0, -2 * TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), -PTE_TABLE_BYTES);
	TEST_EXPECT_PATTERN(tm, addr, HALF, seed);
	TEST_EXPECT_ZERO(tm, middle, 2 * TEST_PMD_NR);
	TEST_EXPECT_PATTERN_AT(tm, middle + 2 * PMD_SIZE, HALF, seed,
			       2 * TEST_PMD_NR + HALF);
}

/* The place is as good as new: a huge page, and out with it again. */
static void pmd_swap_zap_and_use_again(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, 0, zap_dontneed(tm, thp.addr, PMD_SIZE));
	thp.seed = test_pattern_new_seed();
	KUNIT_ASSERT_EQ(test, 0,
			test_pattern_fill(tm, thp.addr, TEST_PMD_NR, thp.seed,
					  0));
	KUNIT_ASSERT_TRUE(test, test_is_thp(tm, thp.addr));
	test_pmd_swap_out(tm, thp);

	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	TEST_EXPECT_THP(tm, thp);
}

/* The protection goes with the memory: anonymous memory leaves no marker. */
static void pmd_swap_zap_uffd(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp;
	struct test_uffd uffd;
	struct test_stat *stat;

	if (!pgtable_supports_uffd())
		kunit_skip(test, "no userfaultfd bit here");
	thp = test_thp_map(tm);
	uffd = test_uffd_open(tm, 0);
	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_register(&uffd, thp.addr, PMD_SIZE,
					   UFFDIO_REGISTER_MODE_WP));
	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_wp(&uffd, thp.addr, PMD_SIZE, true));
	test_pmd_swap_out(tm, thp);
	KUNIT_ASSERT_TRUE(test, pmd_swp_uffd(test_pmd(tm, thp.addr)));
	stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, 0, zap_dontneed(tm, thp.addr, PMD_SIZE));

	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(tm, thp.addr)));
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
	TEST_EXPECT_RSS(stat, 0, -TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), -PTE_TABLE_BYTES);
	TEST_EXPECT_ZERO(tm, thp.addr, TEST_PMD_NR);
}

static struct kunit_case pmd_swap_zap_cases[] = {
	KUNIT_CASE_PARAM(pmd_swap_zap_whole, way_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_zap_on_area, test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_zap_frees_the_deposit),
	KUNIT_CASE_PARAM(pmd_swap_zap_drops_the_cached_folio,
			 test_pmd_swap_cached_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_zap_shared, way_gen_params),
	KUNIT_CASE(pmd_swap_zap_at_exit),
	KUNIT_CASE(pmd_swap_zap_at_exit_of_child),
	KUNIT_CASE_PARAM(pmd_swap_zap_part, part_gen_params),
	KUNIT_CASE(pmd_swap_zap_across),
	KUNIT_CASE(pmd_swap_zap_and_use_again),
	KUNIT_CASE(pmd_swap_zap_uffd),
	{}
};

static struct kunit_suite pmd_swap_zap_suite = {
	.name = "pmd_swap_zap",
	.test_cases = pmd_swap_zap_cases,
};

kunit_test_suite(pmd_swap_zap_suite);
