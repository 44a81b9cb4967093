// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages on UML: what all other suites of mm/tests/softleaf stand on.
 *
 * Runs with
 *	make run SUITE=um_thp
 *
 * Cases named um_bug_* are regression tests, each for a bug that UML had; they
 * fail on a kernel without the fix. What is said about the host is read from
 * the host: kernel and page tables have no part in it.
 */
#include <kunit/test.h>
#include <linux/highmem.h>
#include <linux/huge_mm.h>
#include <linux/migrate.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/swapops.h>
#include <kern_util.h>

#include "../../internal.h"
#include "fixtures/fixtures.h"

#define HALF_NR		(TEST_PMD_NR / 2)
#define HALF_SIZE	(PMD_SIZE / 2)
#define PMD_KB		((long)(PMD_SIZE / SZ_1K))

/* A byte that is in no pattern and not zero. */
static const u8 mark = 0xa5;

static unsigned long pte_pfn_at(struct test_mm *tm, unsigned long addr)
{
	return pte_pfn(test_pte(tm, addr));
}

/* Whole: one PMD entry where there is such a thing, else a PTE entry a page. */
static void expect_swapped_out(struct test_mm *tm, unsigned long addr)
{
	struct test_ptes n;

	if (test_has_event("thp_swpout_pmd")) {
		softleaf_t entry = softleaf_from_pmd(test_pmd(tm, addr));

		KUNIT_EXPECT_TRUE(tm->test, softleaf_is_swap(entry));
		return;
	}
	n = test_count_ptes(tm, addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(tm->test, n.swap, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(tm->test, n.exclusive, TEST_PMD_NR);
}

/* The host has one mapping, of the whole PMD and of the right pages. */
static void expect_host_thp(struct test_mm *tm, unsigned long addr,
			    bool readable, bool writable)
{
	struct test_host_map map = test_host_map(tm, addr, PMD_SIZE);

	KUNIT_EXPECT_EQ(tm->test, map.mappings, 1);
	KUNIT_EXPECT_EQ(tm->test, map.mapped, PMD_SIZE);
	KUNIT_EXPECT_EQ(tm->test, map.readable, readable ? PMD_SIZE : 0);
	KUNIT_EXPECT_EQ(tm->test, map.writable, writable ? PMD_SIZE : 0);
	KUNIT_EXPECT_EQ(tm->test, map.offset,
			PFN_PHYS(pmd_pfn(test_pmd(tm, addr))));
}

static void expect_host_mapped(struct test_mm *tm, unsigned long addr,
			       unsigned long len)
{
	KUNIT_EXPECT_EQ_MSG(tm->test, test_host_map(tm, addr, PMD_SIZE).mapped,
			    len, "bytes the host has mapped");
}

/* All pages hold the pattern as user space would see it. */
static void expect_host_data(struct test_mm *tm, struct test_thp thp)
{
	u64 got;
	int i;

	for (i = 0; i < TEST_PMD_NR; i++) {
		unsigned long addr = thp.addr + i * PAGE_SIZE;

		got = 0;
		KUNIT_ASSERT_EQ_MSG(tm->test, 0,
				    test_host_read(tm, &got, addr, sizeof(got)),
				    "page %d is not mapped", i);
		KUNIT_ASSERT_EQ_MSG(tm->test, got,
				    test_pattern_word(thp.seed, i, 0),
				    "page %d", i);
	}
}

static void write_mark(struct test_mm *tm, unsigned long addr)
{
	KUNIT_ASSERT_EQ(tm->test, 0, test_mm_write(tm, addr, &mark, 1));
}

static void expect_mark(struct test_mm *tm, unsigned long addr)
{
	u8 got = 0;

	KUNIT_EXPECT_EQ(tm->test, 0, test_mm_read(tm, &got, addr, 1));
	KUNIT_EXPECT_EQ(tm->test, got, mark);
}

static struct folio *get_folio(struct test_mm *tm, unsigned long addr)
{
	struct folio *folio = test_folio_get(tm, addr);

	KUNIT_ASSERT_NOT_NULL(tm->test, folio);
	return folio;
}

/* ---- fault ---- */

static void read_fault_maps_huge_zero(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	unsigned long addr = test_thp_reserve(tm, 1);
	struct test_stat *stat = test_stat_begin(tm);

	KUNIT_EXPECT_EQ(test, 0, test_mm_fault(tm, addr, 0));

	KUNIT_EXPECT_TRUE(test, is_huge_zero_pmd(test_pmd(tm, addr)));
	KUNIT_EXPECT_FALSE(test, pmd_write(test_pmd(tm, addr)));
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_ZERO(tm, addr, TEST_PMD_NR);
	expect_host_thp(tm, addr, true, false);
}

static void write_fault_maps_thp(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	unsigned long addr = test_thp_reserve(tm, 1);
	struct test_stat *stat = test_stat_begin(tm);
	pmd_t pmd;

	KUNIT_EXPECT_EQ(test, 0, test_mm_fault(tm, addr, FAULT_FLAG_WRITE));

	pmd = test_pmd(tm, addr);
	KUNIT_EXPECT_TRUE(test, pmd_trans_huge(pmd));
	KUNIT_EXPECT_TRUE(test, pmd_write(pmd));
	KUNIT_EXPECT_TRUE(test, pmd_dirty(pmd));
	KUNIT_EXPECT_TRUE(test, pmd_young(pmd));
	KUNIT_EXPECT_EQ(test, test_deposits(tm, addr), 1);
	TEST_EXPECT_RSS(stat, TEST_PMD_NR, 0);
	TEST_EXPECT_EVENT(stat, "thp_fault_alloc", 1);
	TEST_EXPECT_ZERO(tm, addr, TEST_PMD_NR);
	expect_host_thp(tm, addr, true, true);
}

static void write_replaces_huge_zero(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	unsigned long addr = test_thp_reserve(tm, 1);
	struct test_stat *stat = test_stat_begin(tm);

	TEST_EXPECT_ZERO(tm, addr, TEST_PMD_NR);
	KUNIT_ASSERT_TRUE(test, is_huge_zero_pmd(test_pmd(tm, addr)));
	expect_host_thp(tm, addr, true, false);
	write_mark(tm, addr + PMD_SIZE - 1);

	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, addr));
	KUNIT_EXPECT_FALSE(test, is_huge_zero_pmd(test_pmd(tm, addr)));
	TEST_EXPECT_RSS(stat, TEST_PMD_NR, 0);
	TEST_EXPECT_ZERO(tm, addr, TEST_PMD_NR - 1);
	expect_mark(tm, addr + PMD_SIZE - 1);
	expect_host_thp(tm, addr, true, true);
}

static void small_vma_gets_small_pages(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	unsigned long addr;

	test_thp_require(test);
	addr = test_mm_map(tm, HALF_SIZE, PROT_READ | PROT_WRITE, 0);
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, addr, HALF_SIZE, MADV_HUGEPAGE));
	write_mark(tm, addr);

	KUNIT_EXPECT_TRUE(test, test_has_pte_table(tm, addr));
	KUNIT_EXPECT_EQ(test, test_count_ptes(tm, addr, TEST_PMD_NR).present,
			1);
	expect_host_mapped(tm, addr, PAGE_SIZE);
}

static void read_back_what_was_written(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);

	TEST_EXPECT_THP(tm, thp);
	expect_host_data(tm, thp);
}

/* ---- mprotect, munmap, mremap, madvise ---- */

static void mprotect_none_and_back(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	u8 byte;

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_mprotect(tm, thp.addr, PMD_SIZE, PROT_NONE));
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	KUNIT_EXPECT_EQ(test, -EFAULT, test_mm_read(tm, &byte, thp.addr, 1));
	expect_host_thp(tm, thp.addr, false, false);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_mprotect(tm, thp.addr, PMD_SIZE,
					 PROT_READ | PROT_WRITE));
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	TEST_EXPECT_THP(tm, thp);
	write_mark(tm, thp.addr);
	expect_host_thp(tm, thp.addr, true, true);
}

static void mprotect_read_and_back(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_mprotect(tm, thp.addr, PMD_SIZE, PROT_READ));
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	KUNIT_EXPECT_FALSE(test, pmd_write(test_pmd(tm, thp.addr)));
	KUNIT_EXPECT_EQ(test, -EFAULT, test_mm_write(tm, thp.addr, &mark, 1));
	TEST_EXPECT_THP(tm, thp);
	expect_host_thp(tm, thp.addr, true, false);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_mprotect(tm, thp.addr, PMD_SIZE,
					 PROT_READ | PROT_WRITE));
	write_mark(tm, thp.addr);
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	expect_host_thp(tm, thp.addr, true, true);
}

static void mprotect_half_splits(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	struct test_host_map map;

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_mprotect(tm, thp.addr, HALF_SIZE, PROT_READ));

	KUNIT_EXPECT_EQ(test, HALF_NR,
			test_count_ptes(tm, thp.addr, HALF_NR).present);
	KUNIT_EXPECT_EQ(test, 0,
			test_count_ptes(tm, thp.addr, HALF_NR).writable);
	KUNIT_EXPECT_EQ(test, HALF_NR,
			test_count_ptes(tm, thp.addr + HALF_SIZE,
					HALF_NR).writable);
	KUNIT_EXPECT_EQ(test, test_deposits(tm, thp.addr), 0);
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_EVENT(stat, "thp_split_pmd", 1);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	TEST_EXPECT_THP(tm, thp);
	map = test_host_map(tm, thp.addr, PMD_SIZE);
	KUNIT_EXPECT_EQ(test, map.mapped, PMD_SIZE);
	KUNIT_EXPECT_EQ(test, map.readable, PMD_SIZE);
	KUNIT_EXPECT_EQ(test, map.writable, HALF_SIZE);
	expect_host_data(tm, thp);
}

static void munmap_whole(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	expect_host_mapped(tm, thp.addr, PMD_SIZE);
	KUNIT_ASSERT_EQ(test, 0, test_mm_munmap(tm, thp.addr, PMD_SIZE));

	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(tm, thp.addr)));
	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, 0);
	expect_host_mapped(tm, thp.addr, 0);
}

static void munmap_half_splits(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	u8 byte;

	expect_host_mapped(tm, thp.addr, PMD_SIZE);
	KUNIT_ASSERT_EQ(test, 0, test_mm_munmap(tm, thp.addr, HALF_SIZE));

	KUNIT_EXPECT_TRUE(test, test_has_pte_table(tm, thp.addr));
	TEST_EXPECT_RSS(stat, -HALF_NR, 0);
	KUNIT_EXPECT_EQ(test, -EFAULT, test_mm_read(tm, &byte, thp.addr, 1));
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + HALF_SIZE, HALF_NR, thp.seed,
			       HALF_NR);
	expect_host_mapped(tm, thp.addr, HALF_SIZE);
}

static void munmap_one_page(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_munmap(tm, thp.addr + HALF_SIZE, PAGE_SIZE));

	TEST_EXPECT_RSS(stat, -1, 0);
	TEST_EXPECT_PATTERN(tm, thp.addr, HALF_NR, thp.seed);
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + HALF_SIZE + PAGE_SIZE,
			       HALF_NR - 1, thp.seed, HALF_NR + 1);
	expect_host_mapped(tm, thp.addr, PMD_SIZE - PAGE_SIZE);
}

static void dontneed_whole(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE, MADV_DONTNEED));

	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(tm, thp.addr)));
	KUNIT_EXPECT_EQ(test, test_deposits(tm, thp.addr), 0);
	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat),
			-(long)(PTRS_PER_PTE * sizeof(pte_t)));
	expect_host_mapped(tm, thp.addr, 0);
	TEST_EXPECT_ZERO(tm, thp.addr, TEST_PMD_NR);
}

static void dontneed_half_splits(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr + HALF_SIZE, HALF_SIZE,
					MADV_DONTNEED));

	TEST_EXPECT_RSS(stat, -HALF_NR, 0);
	expect_host_mapped(tm, thp.addr, HALF_SIZE);
	TEST_EXPECT_PATTERN(tm, thp.addr, HALF_NR, thp.seed);
	TEST_EXPECT_ZERO(tm, thp.addr + HALF_SIZE, HALF_NR);
}

static void madv_free_cleans_whole(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	pmd_t pmd;

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE, MADV_FREE));

	pmd = test_pmd(tm, thp.addr);
	KUNIT_EXPECT_TRUE(test, pmd_trans_huge(pmd));
	KUNIT_EXPECT_FALSE(test, pmd_dirty(pmd));
	KUNIT_EXPECT_FALSE(test, pmd_young(pmd));
	/* The host has to report the next access, and then the next write. */
	expect_host_thp(tm, thp.addr, false, false);
	TEST_EXPECT_THP(tm, thp);
	expect_host_thp(tm, thp.addr, true, false);
	write_mark(tm, thp.addr);
	expect_host_thp(tm, thp.addr, true, true);
	TEST_EXPECT_RSS(stat, 0, 0);
}

static void mremap_moves_pmd(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	unsigned long to = test_mm_reserve(tm, PMD_SIZE);
	struct test_stat *stat = test_stat_begin(tm);
	unsigned long pfn = pmd_pfn(test_pmd(tm, thp.addr));

	KUNIT_ASSERT_EQ(test, (long)to,
			test_mm_mremap(tm, thp.addr, PMD_SIZE, PMD_SIZE,
				       MREMAP_MAYMOVE | MREMAP_FIXED, to));

	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(tm, thp.addr)));
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, to));
	KUNIT_EXPECT_EQ(test, pmd_pfn(test_pmd(tm, to)), pfn);
	KUNIT_EXPECT_EQ(test, test_deposits(tm, to), 1);
	TEST_EXPECT_RSS(stat, 0, 0);
	expect_host_mapped(tm, thp.addr, 0);
	expect_host_thp(tm, to, true, true);
	thp.addr = to;
	TEST_EXPECT_THP(tm, thp);
}

static void mremap_unaligned_splits(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	unsigned long to = test_mm_reserve(tm, 2 * PMD_SIZE) + PAGE_SIZE;
	struct test_stat *stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, (long)to,
			test_mm_mremap(tm, thp.addr, PMD_SIZE, PMD_SIZE,
				       MREMAP_MAYMOVE | MREMAP_FIXED, to));

	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_count_ptes(tm, to, TEST_PMD_NR).present);
	TEST_EXPECT_RSS(stat, 0, 0);
	expect_host_mapped(tm, thp.addr, 0);
	thp.addr = to;
	TEST_EXPECT_THP(tm, thp);
	expect_host_data(tm, thp);
}

/* ---- fork ---- */

static void fork_shares_pmd(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_mm *child;

	expect_host_thp(tm, thp.addr, true, true);
	child = test_mm_fork(tm);

	KUNIT_EXPECT_EQ(test, pmd_pfn(test_pmd(tm, thp.addr)),
			pmd_pfn(test_pmd(child, thp.addr)));
	KUNIT_EXPECT_FALSE(test, pmd_write(test_pmd(tm, thp.addr)));
	KUNIT_EXPECT_FALSE(test, pmd_write(test_pmd(child, thp.addr)));
	KUNIT_EXPECT_EQ(test, test_deposits(child, thp.addr), 1);
	KUNIT_EXPECT_EQ(test, (long)TEST_PMD_NR,
			(long)get_mm_counter_sum(child->mm, MM_ANONPAGES));
	TEST_EXPECT_THP(child, thp);
	expect_host_thp(tm, thp.addr, true, false);
	expect_host_thp(child, thp.addr, true, false);
}

static void fork_parent_writes(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_mm *child = test_mm_fork(tm);

	write_mark(tm, thp.addr + HALF_SIZE);

	KUNIT_EXPECT_NE(test, pte_pfn_at(tm, thp.addr + HALF_SIZE),
			pmd_pfn(test_pmd(child, thp.addr)) + HALF_NR);
	expect_mark(tm, thp.addr + HALF_SIZE);
	TEST_EXPECT_THP(child, thp);
	expect_host_data(child, thp);
	TEST_EXPECT_PATTERN(tm, thp.addr, HALF_NR, thp.seed);
}

static void fork_child_writes(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_mm *child = test_mm_fork(tm);

	write_mark(child, thp.addr);

	expect_mark(child, thp.addr);
	TEST_EXPECT_THP(tm, thp);
	expect_host_data(tm, thp);
	TEST_EXPECT_PATTERN_AT(child, thp.addr + PAGE_SIZE, TEST_PMD_NR - 1,
			       thp.seed, 1);
}

static void write_after_child_exit_reuses(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	unsigned long pfn = pmd_pfn(test_pmd(tm, thp.addr));
	struct test_mm *child = test_mm_fork(tm);

	test_mm_exit(child);
	write_mark(tm, thp.addr);

	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	KUNIT_EXPECT_EQ(test, pmd_pfn(test_pmd(tm, thp.addr)), pfn);
	expect_mark(tm, thp.addr);
	expect_host_thp(tm, thp.addr, true, true);
}

/* ---- swap ---- */

struct area_param {
	const char *name;
	dev_t dev;
};

static const struct area_param areas[] = {
	{ "ram, synchronous", TEST_SWAP_RAM(0) },
	{ "ubd, asynchronous", TEST_SWAP_UBD },
};

KUNIT_ARRAY_PARAM_DESC(area, areas, name);

static struct test_swap *swap_on_param(struct test_mm *tm)
{
	const struct area_param *area = tm->test->param_value;

	return test_swap_on(tm, area->dev, TEST_SWAP_SLOTS, TEST_SWAP_NO_PRIO);
}

static void pageout(struct test_mm *tm, unsigned long addr)
{
	KUNIT_ASSERT_EQ(tm->test, 0, test_pageout(tm, addr, TEST_PMD_NR));
}

static void uncache(struct test_mm *tm, unsigned long addr)
{
	KUNIT_ASSERT_EQ(tm->test, 0, test_swap_uncache(tm, addr, TEST_PMD_NR));
	KUNIT_ASSERT_EQ(tm->test, 0, test_slots(tm, addr, TEST_PMD_NR).cached);
}

static void pageout_thp(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = swap_on_param(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	expect_host_mapped(tm, thp.addr, PMD_SIZE);
	pageout(tm, thp.addr);

	expect_swapped_out(tm, thp.addr);
	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_EVENT(stat, "thp_swpout", 1);
	TEST_EXPECT_EVENT(stat, "thp_swpout_fallback", 0);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_TRUE(test,
			  test_slots(tm, thp.addr, TEST_PMD_NR).contiguous);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_smaps_kb(tm, thp.addr, "Swap"), PMD_KB);
	KUNIT_EXPECT_EQ(test, test_smaps_kb(tm, thp.addr, "AnonHugePages"), 0);
	expect_host_mapped(tm, thp.addr, 0);
}

static void swapin_from_device(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = swap_on_param(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	pageout(tm, thp.addr);
	uncache(tm, thp.addr);

	TEST_EXPECT_THP(tm, thp);
	TEST_EXPECT_RSS(stat, 0, 0);
	expect_host_data(tm, thp);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
	TEST_EXPECT_THP(tm, thp);
}

static void swapin_from_cache(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = swap_on_param(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	pageout(tm, thp.addr);
	TEST_EXPECT_THP(tm, thp);

	TEST_EXPECT_RSS(stat, 0, 0);
	expect_host_data(tm, thp);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
}

static void swapin_by_write(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = swap_on_param(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	pageout(tm, thp.addr);
	uncache(tm, thp.addr);
	thp.seed = test_pattern_new_seed();
	KUNIT_ASSERT_EQ(test, 0,
			test_pattern_fill(tm, thp.addr, TEST_PMD_NR, thp.seed,
					  0));

	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_THP(tm, thp);
	pageout(tm, thp.addr);
	uncache(tm, thp.addr);
	TEST_EXPECT_THP(tm, thp);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
}

static void swapin_frees_slots(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_swap_on_ram(tm);
	struct test_thp thp = test_thp_map(tm);

	pageout(tm, thp.addr);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);

	/* A synchronous device keeps no slot for what is back in memory. */
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
}

static void swapoff_brings_back(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = swap_on_param(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	pageout(tm, thp.addr);
	KUNIT_ASSERT_EQ(test, 0, test_swap_off(swap));

	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_THP(tm, thp);
	expect_host_data(tm, thp);
}

static void swapped_munmap_half(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_swap_on_ram(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	pageout(tm, thp.addr);
	KUNIT_ASSERT_EQ(test, 0, test_mm_munmap(tm, thp.addr, HALF_SIZE));

	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, HALF_NR);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), HALF_NR);
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + HALF_SIZE, HALF_NR, thp.seed,
			       HALF_NR);
}

static void swapped_dontneed(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_swap_on_ram(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	pageout(tm, thp.addr);
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE, MADV_DONTNEED));

	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
	TEST_EXPECT_ZERO(tm, thp.addr, TEST_PMD_NR);
}

static void swapped_mprotect_and_mremap(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_swap_on_ram(tm);
	struct test_thp thp = test_thp_map(tm);
	unsigned long to = test_mm_reserve(tm, PMD_SIZE);
	struct test_stat *stat = test_stat_begin(tm);

	pageout(tm, thp.addr);
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_mprotect(tm, thp.addr, PMD_SIZE, PROT_READ));
	KUNIT_ASSERT_EQ(test, (long)to,
			test_mm_mremap(tm, thp.addr, PMD_SIZE, PMD_SIZE,
				       MREMAP_MAYMOVE | MREMAP_FIXED, to));
	thp.addr = to;

	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
	KUNIT_EXPECT_EQ(test, -EFAULT, test_mm_write(tm, thp.addr, &mark, 1));
}

static void swapped_fork_and_exit(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_swap_on_ram(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_mm *child;

	pageout(tm, thp.addr);
	child = test_mm_fork(tm);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 2);
	KUNIT_EXPECT_EQ(test, (long)TEST_PMD_NR,
			(long)get_mm_counter_sum(child->mm, MM_SWAPENTS));
	write_mark(tm, thp.addr);
	TEST_EXPECT_THP(child, thp);
	test_mm_exit(child);

	expect_mark(tm, thp.addr);
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + PAGE_SIZE, TEST_PMD_NR - 1,
			       thp.seed, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
}

static void exit_frees_slots(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_swap_on_ram(tm);
	struct test_mm *child = test_mm_fork(tm);
	struct test_thp thp = test_thp_map(child);

	pageout(child, thp.addr);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	test_mm_exit(child);

	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
}

static void pageout_prefers_priority(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *low = test_swap_on(tm, TEST_SWAP_RAM(0),
					     TEST_SWAP_SLOTS, 1);
	struct test_swap *high = test_swap_on(tm, TEST_SWAP_RAM(1),
					      TEST_SWAP_SLOTS, 2);
	struct test_thp thp = test_thp_map(tm);

	pageout(tm, thp.addr);

	KUNIT_EXPECT_EQ(test, test_swap_used(high), TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_swap_used(low), 0);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(high));
	TEST_EXPECT_THP(tm, thp);
}

/* No cluster of this area is wholly free: the first has the header. */
static void pageout_splits_without_cluster(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_swap_on(tm, TEST_SWAP_RAM(0),
					      TEST_PMD_NR + HALF_NR,
					      TEST_SWAP_NO_PRIO);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	pageout(tm, thp.addr);

	TEST_EXPECT_EVENT(stat, "thp_swpout", 0);
	TEST_EXPECT_EVENT(stat, "thp_swpout_fallback", 1);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_count_ptes(tm, thp.addr, TEST_PMD_NR).swap);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
	TEST_EXPECT_RSS(stat, 0, 0);
}

/* ---- collapse, split, migration ---- */

static void collapse(struct test_mm *tm, unsigned long addr)
{
	KUNIT_ASSERT_EQ(tm->test, 0,
			test_mm_madvise(tm, addr, PMD_SIZE, MADV_HUGEPAGE));
	KUNIT_ASSERT_EQ(tm->test, 0,
			test_mm_madvise(tm, addr, PMD_SIZE, MADV_COLLAPSE));
}

static void collapse_small_pages(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_small_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	expect_host_data(tm, thp);
	collapse(tm, thp.addr);

	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_EVENT(stat, "thp_collapse_alloc", 1);
	TEST_EXPECT_THP(tm, thp);
	expect_host_data(tm, thp);
	write_mark(tm, thp.addr);
	expect_host_thp(tm, thp.addr, true, true);
}

static void collapse_fills_holes(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_small_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr + HALF_SIZE, HALF_SIZE,
					MADV_DONTNEED));
	collapse(tm, thp.addr);

	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_PATTERN(tm, thp.addr, HALF_NR, thp.seed);
	TEST_EXPECT_ZERO(tm, thp.addr + HALF_SIZE, HALF_NR);
	write_mark(tm, thp.addr);
	expect_host_thp(tm, thp.addr, true, true);
}

static void collapse_swapped_pages(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_swap_on_ram(tm);
	struct test_thp thp = test_small_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, 0, test_pageout(tm, thp.addr, HALF_NR));
	TEST_EXPECT_RSS(stat, -HALF_NR, HALF_NR);
	collapse(tm, thp.addr);

	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
	TEST_EXPECT_THP(tm, thp);
}

static void split_then_collapse(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	struct folio *folio = get_folio(tm, thp.addr);
	int ret;

	expect_host_thp(tm, thp.addr, true, true);
	folio_lock(folio);
	ret = split_folio(folio);
	folio_unlock(folio);
	folio_put(folio);
	KUNIT_ASSERT_EQ(test, ret, 0);

	TEST_EXPECT_EVENT(stat, "thp_split_page", 1);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_count_ptes(tm, thp.addr, TEST_PMD_NR).present);
	TEST_EXPECT_RSS(stat, 0, 0);
	expect_host_data(tm, thp);
	TEST_EXPECT_THP(tm, thp);

	collapse(tm, thp.addr);
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	TEST_EXPECT_THP(tm, thp);
	expect_host_data(tm, thp);
}

static void migration_entry_and_back(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct folio *folio = get_folio(tm, thp.addr);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t entry;
	pmd_t pmd;

	expect_host_mapped(tm, thp.addr, PMD_SIZE);
	folio_lock(folio);
	try_to_migrate(folio, 0);
	pmd = test_pmd(tm, thp.addr);
	entry = softleaf_from_pmd(pmd);
	KUNIT_EXPECT_FALSE(test, pmd_present(pmd));
	KUNIT_EXPECT_FALSE(test, folio_mapped(folio));
	KUNIT_EXPECT_TRUE(test, softleaf_is_migration(entry));
	KUNIT_EXPECT_TRUE(test, softleaf_is_migration_write(entry));
	KUNIT_EXPECT_EQ(test, softleaf_to_pfn(entry), folio_pfn(folio));
	KUNIT_EXPECT_EQ(test, test_deposits(tm, thp.addr), 1);
	expect_host_mapped(tm, thp.addr, 0);

	remove_migration_ptes(folio, folio, 0);
	folio_unlock(folio);
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	KUNIT_EXPECT_TRUE(test, pmd_write(test_pmd(tm, thp.addr)));
	folio_put(folio);
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_THP(tm, thp);
	expect_host_data(tm, thp);
}

static void migration_entry_split(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct folio *folio = get_folio(tm, thp.addr);
	struct test_ptes n;

	expect_host_mapped(tm, thp.addr, PMD_SIZE);
	folio_lock(folio);
	try_to_migrate(folio, 0);
	/* A VMA edge in the middle cuts the entry. */
	KUNIT_EXPECT_EQ(test, 0,
			test_mm_mprotect(tm, thp.addr, HALF_SIZE, PROT_READ));
	n = test_count_ptes(tm, thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.migration, TEST_PMD_NR);
	expect_host_mapped(tm, thp.addr, 0);

	remove_migration_ptes(folio, folio, 0);
	folio_unlock(folio);
	folio_put(folio);
	n = test_count_ptes(tm, thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.present, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.writable, HALF_NR);
	TEST_EXPECT_THP(tm, thp);
	expect_host_data(tm, thp);
}

static struct folio *alloc_target(struct folio *src, unsigned long private)
{
	return folio_alloc(GFP_TRANSHUGE, folio_order(src));
}

static void migrate_to_another_folio(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	unsigned long pfn = pmd_pfn(test_pmd(tm, thp.addr));
	struct folio *folio = get_folio(tm, thp.addr);
	struct test_stat *stat = test_stat_begin(tm);
	LIST_HEAD(folios);

	expect_host_thp(tm, thp.addr, true, true);
	KUNIT_ASSERT_TRUE(test, folio_isolate_lru(folio));
	/* The list has the reference of the isolation. */
	folio_put(folio);
	list_add(&folio->lru, &folios);
	KUNIT_EXPECT_EQ(test, 0,
			migrate_pages(&folios, alloc_target, NULL, 0,
				      MIGRATE_SYNC, MR_SYSCALL, NULL));
	if (!list_empty(&folios))
		putback_movable_pages(&folios);

	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	KUNIT_EXPECT_NE(test, pmd_pfn(test_pmd(tm, thp.addr)), pfn);
	TEST_EXPECT_EVENT(stat, "thp_migration_success", 1);
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_THP(tm, thp);
	expect_host_data(tm, thp);
	/* A migration entry may have lost the dirty bit; a write brings it. */
	write_mark(tm, thp.addr);
	expect_host_thp(tm, thp.addr, true, true);
}

/* ---- the entry itself ---- */

/* What a split does for a moment: nobody gets at the page, but it is there. */
static void invalidated_pmd_is_present(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct vm_area_struct *vma;
	spinlock_t *ptl = NULL;
	pmd_t *pmdp, old;

	expect_host_thp(tm, thp.addr, true, true);
	mmap_write_lock(tm->mm);
	vma = vma_lookup(tm->mm, thp.addr);
	vma_start_write(vma);
	pmdp = mm_find_pmd(tm->mm, thp.addr);
	ptl = pmd_lock(tm->mm, pmdp);
	old = pmdp_invalidate(vma, thp.addr, pmdp);
	spin_unlock(ptl);
	mmap_write_unlock(tm->mm);

	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	KUNIT_EXPECT_EQ(test, pmd_pfn(test_pmd(tm, thp.addr)), pmd_pfn(old));
	expect_host_thp(tm, thp.addr, false, false);

	mmap_write_lock(tm->mm);
	ptl = pmd_lock(tm->mm, pmdp);
	set_pmd_at(tm->mm, thp.addr, pmdp, old);
	spin_unlock(ptl);
	mmap_write_unlock(tm->mm);
	TEST_EXPECT_THP(tm, thp);
	expect_host_thp(tm, thp.addr, true, true);
}

/* _PAGE_NEEDSYNC comes and goes with no lock held: not part of the entry. */
static void sync_does_not_change_pmd(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct folio *folio = get_folio(tm, thp.addr);
	pmd_t *pmdp = mm_find_pmd(tm->mm, thp.addr);
	pmd_t before = pmdp_get(pmdp);

	KUNIT_ASSERT_EQ(test, 0, test_host_sync(tm));
	KUNIT_EXPECT_NE(test, pmd_val(before), pmd_val(pmdp_get(pmdp)));
	KUNIT_EXPECT_TRUE(test, pmd_same(before, pmdp_get(pmdp)));

	folio_lock(folio);
	try_to_migrate(folio, 0);
	before = pmdp_get(pmdp);
	KUNIT_EXPECT_EQ(test, 0, test_host_sync(tm));
	KUNIT_EXPECT_NE(test, pmd_val(before), pmd_val(pmdp_get(pmdp)));
	KUNIT_EXPECT_TRUE(test, pmd_same(before, pmdp_get(pmdp)));
	KUNIT_EXPECT_EQ(test, softleaf_from_pmd(before).val,
			softleaf_from_pmd(pmdp_get(pmdp)).val);
	remove_migration_ptes(folio, folio, 0);
	folio_unlock(folio);
	folio_put(folio);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE, MADV_DONTNEED));
	KUNIT_EXPECT_TRUE(test, pmd_none(pmdp_get(pmdp)));
	KUNIT_ASSERT_EQ(test, 0, test_host_sync(tm));
	KUNIT_EXPECT_TRUE(test, pmd_none(pmdp_get(pmdp)));
}

/* ---- soft-dirty and userfaultfd ---- */

/* How many pages of a PMD have these bits in /proc/<pid>/pagemap. */
static int count_pagemap(struct test_mm *tm, unsigned long addr, u64 bits)
{
	struct kunit *test = tm->test;
	u64 *entries = kunit_kmalloc_array(test, TEST_PMD_NR, sizeof(*entries),
					   GFP_KERNEL);
	int i, n = 0;

	KUNIT_ASSERT_NOT_NULL(test, entries);
	KUNIT_ASSERT_EQ(test, 0, test_pagemap(tm, addr, TEST_PMD_NR, entries));
	for (i = 0; i < TEST_PMD_NR; i++)
		n += (entries[i] & bits) == bits;
	kunit_kfree(test, entries);
	return n;
}

static void soft_dirty_require(struct kunit *test)
{
	if (!pgtable_supports_soft_dirty())
		kunit_skip(test, "no soft-dirty tracking");
}

static void clear_soft_dirty(struct test_mm *tm)
{
	KUNIT_ASSERT_EQ(tm->test, 0,
			test_clear_refs(tm, TEST_CLEAR_REFS_SOFT_DIRTY));
}

static void soft_dirty_thp(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp;

	soft_dirty_require(test);
	thp = test_thp_map(tm);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			count_pagemap(tm, thp.addr, TEST_PM_SOFT_DIRTY));
	clear_soft_dirty(tm);
	KUNIT_EXPECT_EQ(test, 0,
			count_pagemap(tm, thp.addr, TEST_PM_SOFT_DIRTY));
	KUNIT_EXPECT_FALSE(test, pmd_soft_dirty(test_pmd(tm, thp.addr)));
	expect_host_thp(tm, thp.addr, true, false);

	/* One bit for the whole PMD. */
	write_mark(tm, thp.addr);
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			count_pagemap(tm, thp.addr, TEST_PM_SOFT_DIRTY));
}

static void soft_dirty_across_swap(struct kunit *test)
{
	const u64 swapped = TEST_PM_SWAP | TEST_PM_SOFT_DIRTY;
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp;

	soft_dirty_require(test);
	test_swap_on_ram(tm);
	thp = test_thp_map(tm);
	clear_soft_dirty(tm);
	write_mark(tm, thp.addr);
	pageout(tm, thp.addr);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			count_pagemap(tm, thp.addr, swapped));
	expect_mark(tm, thp.addr);
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + PAGE_SIZE, TEST_PMD_NR - 1,
			       thp.seed, 1);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			count_pagemap(tm, thp.addr, TEST_PM_SOFT_DIRTY));
}

/*
 * In base pages: a dirty huge page that is split to be swapped out is taken
 * for soft-dirty wherever pte_mkdirty() says so.
 */
static void soft_clean_across_swap(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp;

	soft_dirty_require(test);
	test_swap_on_ram(tm);
	thp = test_small_map(tm);
	clear_soft_dirty(tm);
	pageout(tm, thp.addr);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			count_pagemap(tm, thp.addr, TEST_PM_SWAP));
	KUNIT_EXPECT_EQ(test, 0,
			count_pagemap(tm, thp.addr, TEST_PM_SOFT_DIRTY));
	TEST_EXPECT_THP(tm, thp);
	KUNIT_EXPECT_EQ(test, 0,
			count_pagemap(tm, thp.addr, TEST_PM_SOFT_DIRTY));
}

/* A range that is registered; what is caught shows as a fault that failed. */
static struct test_uffd register_uffd(struct test_mm *tm, unsigned long addr,
				      u64 features, u64 mode)
{
	struct test_uffd uffd = test_uffd_open(tm, features |
					       UFFD_FEATURE_SIGBUS);

	KUNIT_ASSERT_EQ(tm->test, 0,
			test_uffd_register(&uffd, addr, PMD_SIZE, mode));
	return uffd;
}

static struct test_uffd protect_uffd_wp(struct test_mm *tm, unsigned long addr)
{
	struct test_uffd uffd = register_uffd(tm, addr,
					      UFFD_FEATURE_PAGEFAULT_FLAG_WP,
					      UFFDIO_REGISTER_MODE_WP);

	KUNIT_ASSERT_EQ(tm->test, 0,
			test_uffd_wp(&uffd, addr, PMD_SIZE, true));
	return uffd;
}

static void uffd_wp_thp(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_uffd uffd = protect_uffd_wp(tm, thp.addr);

	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	KUNIT_EXPECT_TRUE(test, pmd_uffd(test_pmd(tm, thp.addr)));
	KUNIT_EXPECT_EQ(test, -EFAULT, test_mm_write(tm, thp.addr, &mark, 1));
	TEST_EXPECT_THP(tm, thp);
	expect_host_thp(tm, thp.addr, true, false);

	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_wp(&uffd, thp.addr, PMD_SIZE, false));
	KUNIT_EXPECT_FALSE(test, pmd_uffd(test_pmd(tm, thp.addr)));
	write_mark(tm, thp.addr);
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
}

static void uffd_wp_across_swap(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_swap_on_ram(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_uffd uffd = protect_uffd_wp(tm, thp.addr);

	pageout(tm, thp.addr);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			count_pagemap(tm, thp.addr,
				      TEST_PM_SWAP | TEST_PM_UFFD_WP));
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, -EFAULT, test_mm_write(tm, thp.addr, &mark, 1));
	TEST_EXPECT_THP(tm, thp);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			count_pagemap(tm, thp.addr, TEST_PM_UFFD_WP));
	KUNIT_EXPECT_EQ(test, -EFAULT, test_mm_write(tm, thp.addr, &mark, 1));

	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_wp(&uffd, thp.addr, PMD_SIZE, false));
	write_mark(tm, thp.addr);
	KUNIT_EXPECT_EQ(test, 0,
			count_pagemap(tm, thp.addr, TEST_PM_UFFD_WP));
}

static void uffd_rwp_thp(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct test_uffd uffd = register_uffd(tm, thp.addr, UFFD_FEATURE_RWP,
					      UFFDIO_REGISTER_MODE_RWP);
	u8 byte;

	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_rwp(&uffd, thp.addr, PMD_SIZE, true));
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	KUNIT_EXPECT_TRUE(test, pmd_uffd(test_pmd(tm, thp.addr)));
	KUNIT_EXPECT_TRUE(test, pmd_protnone(test_pmd(tm, thp.addr)));
	KUNIT_EXPECT_EQ(test, -EFAULT, test_mm_read(tm, &byte, thp.addr, 1));
	KUNIT_EXPECT_EQ(test, -EFAULT, test_mm_write(tm, thp.addr, &mark, 1));
	expect_host_thp(tm, thp.addr, false, false);

	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_rwp(&uffd, thp.addr, PMD_SIZE, false));
	TEST_EXPECT_THP(tm, thp);
	write_mark(tm, thp.addr);
	expect_host_thp(tm, thp.addr, true, true);
}

/* ---- bugs of UML ---- */

static void um_bug_set_ptes_split(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	unsigned long pfn = pmd_pfn(test_pmd(tm, thp.addr));
	int i;

	/* __split_huge_pmd() puts all PTEs in by one set_ptes(). */
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_mprotect(tm, thp.addr, HALF_SIZE, PROT_READ));

	for (i = 0; i < TEST_PMD_NR; i++)
		KUNIT_ASSERT_EQ_MSG(test, pfn + i,
				    pte_pfn_at(tm, thp.addr + i * PAGE_SIZE),
				    "page %d", i);
}

static void um_bug_set_ptes_fault_around(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct file *file = test_shmem_huge_file(test, PMD_SIZE);
	u32 seed = test_pattern_new_seed();
	unsigned long addr, other, pfn, i;
	int nr = 0;

	/* Filled by one mapping, faulted in by another that fits no PMD. */
	addr = test_mm_map_file(tm, file, PMD_SIZE, PROT_READ | PROT_WRITE,
				MAP_SHARED);
	KUNIT_ASSERT_EQ(test, 0,
			test_pattern_fill(tm, addr, TEST_PMD_NR, seed, 0));
	pfn = pmd_pfn(test_pmd(tm, addr));
	KUNIT_ASSERT_TRUE(test, test_is_thp(tm, addr));
	other = test_mm_reserve(tm, 2 * PMD_SIZE) + PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, other,
			vm_mmap(file, other, PMD_SIZE, PROT_READ,
				MAP_SHARED | MAP_FIXED_NOREPLACE, 0));
	KUNIT_EXPECT_EQ(test, 0, test_mm_fault(tm, other + HALF_SIZE, 0) &
			VM_FAULT_ERROR);

	for (i = 0; i < TEST_PMD_NR; i++) {
		if (!pte_present(test_pte(tm, other + i * PAGE_SIZE)))
			continue;
		nr++;
		KUNIT_EXPECT_EQ_MSG(test, pfn + i,
				    pte_pfn_at(tm, other + i * PAGE_SIZE),
				    "page %lu", i);
	}
	/* fault_around_bytes is 64 kB: more than the two that went well. */
	KUNIT_EXPECT_GT(test, nr, 2);
	TEST_EXPECT_PATTERN(tm, other, TEST_PMD_NR, seed);
}

/* A page that swap has clean, written to by the kernel. */
static void um_bug_uaccess_dirty_swap(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp;

	swap_on_param(tm);
	thp = test_small_map(tm);
	pageout(tm, thp.addr);
	TEST_EXPECT_THP(tm, thp);
	thp.seed = test_pattern_new_seed();
	KUNIT_ASSERT_EQ(test, 0,
			test_pattern_fill(tm, thp.addr, TEST_PMD_NR, thp.seed,
					  0));
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_count_ptes(tm, thp.addr, TEST_PMD_NR).dirty);
	pageout(tm, thp.addr);
	uncache(tm, thp.addr);

	TEST_EXPECT_THP(tm, thp);
}

/* A page that may be dropped until it is written to. */
static void um_bug_uaccess_dirty_lazyfree(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp;

	test_swap_on_ram(tm);
	thp = test_small_map(tm);
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE, MADV_FREE));
	thp.seed = test_pattern_new_seed();
	KUNIT_ASSERT_EQ(test, 0,
			test_pattern_fill(tm, thp.addr, TEST_PMD_NR, thp.seed,
					  0));
	pageout(tm, thp.addr);

	TEST_EXPECT_THP(tm, thp);
}

static void um_bug_uaccess_dirty_lazyfree_thp(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp;

	test_swap_on_ram(tm);
	thp = test_thp_map(tm);
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE, MADV_FREE));
	KUNIT_ASSERT_FALSE(test, pmd_dirty(test_pmd(tm, thp.addr)));
	write_mark(tm, thp.addr);
	KUNIT_EXPECT_TRUE(test, pmd_dirty(test_pmd(tm, thp.addr)));
	pageout(tm, thp.addr);

	expect_mark(tm, thp.addr);
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + PAGE_SIZE, TEST_PMD_NR - 1,
			       thp.seed, 1);
}

static void um_bug_uaccess_young(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp small = test_small_map(tm);
	struct test_thp thp = test_thp_map(tm);

	KUNIT_ASSERT_EQ(test, 0, test_clear_refs(tm, TEST_CLEAR_REFS_ALL));
	KUNIT_ASSERT_EQ(test, 0,
			test_count_ptes(tm, small.addr, TEST_PMD_NR).young);
	KUNIT_ASSERT_FALSE(test, pmd_young(test_pmd(tm, thp.addr)));
	TEST_EXPECT_THP(tm, small);
	TEST_EXPECT_THP(tm, thp);

	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_count_ptes(tm, small.addr, TEST_PMD_NR).young);
	KUNIT_EXPECT_TRUE(test, pmd_young(test_pmd(tm, thp.addr)));
}

/*
 * The trap handler looked for a PTE below a huge PMD: in the page's contents,
 * and as long as it found no present PTE there it went on for ever.
 */
static void um_bug_fault_on_huge_pmd(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	unsigned long addr = test_thp_reserve(tm, 1);
	int code;

	KUNIT_EXPECT_EQ(test, 0, handle_page_fault(addr, 0, 0, 1, &code));
	KUNIT_EXPECT_TRUE(test, is_huge_zero_pmd(test_pmd(tm, addr)));
	KUNIT_EXPECT_EQ(test, 0, handle_page_fault(addr, 0, 1, 1, &code));
	KUNIT_EXPECT_TRUE(test, pmd_write(test_pmd(tm, addr)));
	/* Once more: nothing to do, but that is to be found out. */
	KUNIT_EXPECT_EQ(test, 0, handle_page_fault(addr, 0, 1, 1, &code));
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, addr));
}

/* The trap handler took a poisoned page for a bug of the kernel: BUG(). */
static void um_bug_fault_on_poison(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	unsigned long addr = test_mm_map(tm, PMD_SIZE, PROT_READ | PROT_WRITE,
					 0);
	struct test_uffd uffd = register_uffd(tm, addr, UFFD_FEATURE_POISON,
					      UFFDIO_REGISTER_MODE_MISSING);
	struct uffdio_poison poison = {
		.range = { .start = addr, .len = PAGE_SIZE },
	};
	int code;
	u8 byte;

	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_ioctl(&uffd, UFFDIO_POISON, &poison,
					sizeof(poison)));
	KUNIT_ASSERT_EQ(test, VM_FAULT_HWPOISON,
			test_mm_fault(tm, addr, 0) & VM_FAULT_ERROR);
	KUNIT_EXPECT_EQ(test, -EACCES,
			handle_page_fault(addr, 0, 0, 1, &code));
	KUNIT_EXPECT_EQ(test, -EFAULT, test_mm_read(tm, &byte, addr, 1));
	KUNIT_EXPECT_EQ(test, -EFAULT, test_mm_write(tm, addr, &mark, 1));
}

/* pte_write() is about the write bit; PROT_NONE is said by another. */
static void um_bug_pte_write_protnone(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp small = test_small_map(tm);
	pte_t pte = test_pte(tm, small.addr);

	KUNIT_EXPECT_TRUE(test, pte_write(pte));
	pte = pte_mkwrite_novma(pte_modify(pte, PAGE_NONE));
	KUNIT_EXPECT_TRUE(test, pte_protnone(pte));
	KUNIT_EXPECT_TRUE(test, pte_write(pte));
	KUNIT_EXPECT_FALSE(test, pte_write(pte_wrprotect(pte)));
}

/* And yet nobody may write there. */
static void host_denies_protnone(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp small = test_small_map(tm);
	struct test_host_map map;

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_mprotect(tm, small.addr, PMD_SIZE, PROT_NONE));
	map = test_host_map(tm, small.addr, PMD_SIZE);
	KUNIT_EXPECT_EQ(test, map.readable, 0);
	KUNIT_EXPECT_EQ(test, map.writable, 0);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			test_mm_write(tm, small.addr, &mark, 1));
}

static void um_bug_mkdirty_soft_dirty(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp small;

	soft_dirty_require(test);
	small = test_small_map(tm);
	clear_soft_dirty(tm);
	KUNIT_EXPECT_EQ(test, 0,
			count_pagemap(tm, small.addr, TEST_PM_SOFT_DIRTY));
	write_mark(tm, small.addr);

	KUNIT_EXPECT_EQ(test, 1,
			count_pagemap(tm, small.addr, TEST_PM_SOFT_DIRTY));
	KUNIT_EXPECT_TRUE(test, pte_soft_dirty(test_pte(tm, small.addr)));
}

/*
 * A page table that takes the place of something else has to say so to the
 * host: else all that the new PTEs do not map stays mapped there.
 */
static void um_bug_populate_after_thp(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);

	expect_host_mapped(tm, thp.addr, PMD_SIZE);
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE,
					MADV_NOHUGEPAGE));
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE, MADV_DONTNEED));
	write_mark(tm, thp.addr + HALF_SIZE);

	expect_host_mapped(tm, thp.addr, PAGE_SIZE);
}

/* The case that user space meets: the first to come is another process. */
static void um_bug_populate_by_gup(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct file *file = test_shmem_huge_file(test, PMD_SIZE);
	u32 seed = test_pattern_new_seed();
	unsigned long addr;
	u64 word;
	u8 byte = mark;

	addr = test_mm_map_file(tm, file, PMD_SIZE, PROT_READ | PROT_WRITE,
				MAP_SHARED);
	KUNIT_ASSERT_EQ(test, 0,
			test_pattern_fill(tm, addr, TEST_PMD_NR, seed, 0));
	KUNIT_ASSERT_TRUE(test, test_is_thp(tm, addr));
	expect_host_mapped(tm, addr, PMD_SIZE);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, addr, PMD_SIZE, MADV_NOHUGEPAGE));
	KUNIT_ASSERT_EQ(test, 0, test_shmem_truncate(file, 0));
	KUNIT_ASSERT_EQ(test, 0, test_shmem_truncate(file, PMD_SIZE));
	KUNIT_ASSERT_EQ(test, 1,
			access_remote_vm(tm->mm, addr, &byte, 1, FOLL_WRITE));

	expect_host_mapped(tm, addr, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -EFAULT,
			test_host_read(tm, &word, addr + PAGE_SIZE,
				       sizeof(word)));
}

/* The same without huge pages: unmapped and mapped again in one go. */
static void um_bug_populate_after_munmap(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp small = test_small_map(tm);

	expect_host_mapped(tm, small.addr, PMD_SIZE);
	KUNIT_ASSERT_EQ(test, 0, test_mm_munmap(tm, small.addr, PMD_SIZE));
	KUNIT_ASSERT_EQ(test, small.addr,
			vm_mmap(NULL, small.addr, HALF_SIZE,
				PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS |
				MAP_FIXED_NOREPLACE, 0));
	write_mark(tm, small.addr);

	expect_host_mapped(tm, small.addr, PAGE_SIZE);
}

/* One level up: munmap() frees the PMD table, another page makes a new one. */
static void um_bug_populate_pmd_table(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	unsigned long addr = ALIGN(test_mm_reserve(tm, 3 * PUD_SIZE), PUD_SIZE);
	unsigned long other = addr + 2 * PMD_SIZE;

	KUNIT_ASSERT_EQ(test, addr,
			vm_mmap(NULL, addr, PAGE_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS |
				MAP_FIXED_NOREPLACE, 0));
	write_mark(tm, addr);
	expect_host_mapped(tm, addr, PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, 0, test_mm_munmap(tm, addr, PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, other,
			vm_mmap(NULL, other, PAGE_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS |
				MAP_FIXED_NOREPLACE, 0));
	write_mark(tm, other);

	expect_host_mapped(tm, addr, 0);
	expect_host_mapped(tm, other, PAGE_SIZE);
}

/*
 * A destructor with a priority, as gcc emits it for gcov. It does nothing, but
 * the linker has to place it where exit() looks for it.
 */
static void destructor(void)
{
}

static void (*const destructor_with_priority)(void) __used
	__section(".fini_array.00099") = destructor;

/* The linker scripts took .fini_array alone, and gcov wrote no data. */
static void um_bug_fini_array_priority(struct kunit *test)
{
	void (**fn)(void);
	int found = 0;

	for (fn = __fini_array_start; fn < __fini_array_end; fn++)
		found += *fn == destructor;

	KUNIT_EXPECT_EQ(test, found, 1);
}

static struct kunit_case um_thp_cases[] = {
	KUNIT_CASE(read_fault_maps_huge_zero),
	KUNIT_CASE(write_fault_maps_thp),
	KUNIT_CASE(write_replaces_huge_zero),
	KUNIT_CASE(small_vma_gets_small_pages),
	KUNIT_CASE(read_back_what_was_written),
	KUNIT_CASE(mprotect_none_and_back),
	KUNIT_CASE(mprotect_read_and_back),
	KUNIT_CASE(mprotect_half_splits),
	KUNIT_CASE(munmap_whole),
	KUNIT_CASE(munmap_half_splits),
	KUNIT_CASE(munmap_one_page),
	KUNIT_CASE(dontneed_whole),
	KUNIT_CASE(dontneed_half_splits),
	KUNIT_CASE(madv_free_cleans_whole),
	KUNIT_CASE(mremap_moves_pmd),
	KUNIT_CASE(mremap_unaligned_splits),
	KUNIT_CASE(fork_shares_pmd),
	KUNIT_CASE(fork_parent_writes),
	KUNIT_CASE(fork_child_writes),
	KUNIT_CASE(write_after_child_exit_reuses),
	KUNIT_CASE_PARAM(pageout_thp, area_gen_params),
	KUNIT_CASE_PARAM(swapin_from_device, area_gen_params),
	KUNIT_CASE_PARAM(swapin_from_cache, area_gen_params),
	KUNIT_CASE_PARAM(swapin_by_write, area_gen_params),
	KUNIT_CASE(swapin_frees_slots),
	KUNIT_CASE_PARAM(swapoff_brings_back, area_gen_params),
	KUNIT_CASE(swapped_munmap_half),
	KUNIT_CASE(swapped_dontneed),
	KUNIT_CASE(swapped_mprotect_and_mremap),
	KUNIT_CASE(swapped_fork_and_exit),
	KUNIT_CASE(exit_frees_slots),
	KUNIT_CASE(pageout_prefers_priority),
	KUNIT_CASE(pageout_splits_without_cluster),
	KUNIT_CASE(collapse_small_pages),
	KUNIT_CASE(collapse_fills_holes),
	KUNIT_CASE(collapse_swapped_pages),
	KUNIT_CASE(split_then_collapse),
	KUNIT_CASE(migration_entry_and_back),
	KUNIT_CASE(migration_entry_split),
	KUNIT_CASE(migrate_to_another_folio),
	KUNIT_CASE(invalidated_pmd_is_present),
	KUNIT_CASE(sync_does_not_change_pmd),
	KUNIT_CASE(soft_dirty_thp),
	KUNIT_CASE(soft_dirty_across_swap),
	KUNIT_CASE(soft_clean_across_swap),
	KUNIT_CASE(uffd_wp_thp),
	KUNIT_CASE(uffd_wp_across_swap),
	KUNIT_CASE(uffd_rwp_thp),
	KUNIT_CASE(host_denies_protnone),
	KUNIT_CASE(um_bug_set_ptes_split),
	KUNIT_CASE(um_bug_set_ptes_fault_around),
	KUNIT_CASE_PARAM(um_bug_uaccess_dirty_swap, area_gen_params),
	KUNIT_CASE(um_bug_uaccess_dirty_lazyfree),
	KUNIT_CASE(um_bug_uaccess_dirty_lazyfree_thp),
	KUNIT_CASE(um_bug_uaccess_young),
	KUNIT_CASE(um_bug_fault_on_huge_pmd),
	KUNIT_CASE(um_bug_fault_on_poison),
	KUNIT_CASE(um_bug_pte_write_protnone),
	KUNIT_CASE(um_bug_mkdirty_soft_dirty),
	KUNIT_CASE(um_bug_populate_after_thp),
	KUNIT_CASE(um_bug_populate_by_gup),
	KUNIT_CASE(um_bug_populate_after_munmap),
	KUNIT_CASE(um_bug_populate_pmd_table),
	KUNIT_CASE(um_bug_fini_array_priority),
	{}
};

static struct kunit_suite um_thp_suite = {
	.name = "um_thp",
	.test_cases = um_thp_cases,
};

kunit_test_suite(um_thp_suite);

MODULE_DESCRIPTION("Huge pages on UML");
MODULE_LICENSE("GPL");
