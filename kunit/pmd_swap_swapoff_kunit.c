// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "pmd_swap_swapoff": swapoff() with PMD swap entries.
 *
 *	tools/testing/kunit/kunit.py run --kernel_args=ubd0=<file> \
 *		pmd_swap_swapoff
 *
 * swapoff() maps a huge page again where one can be had, and goes on page by
 * page where not. It ends in any case, and then nothing is left of the area: no
 * entry, no slot, no folio in the swap cache. What another task does meanwhile
 * is done by the case while the disk holds the I/O that swapoff() waits for.
 */
#include <kunit/test.h>
#include <linux/swap.h>

#include "fixtures/inject.h"
#include "fixtures/thread.h"
#include "pmd_swap_helpers.h"

#define MIDDLE	(TEST_PMD_NR / 2)
#define LAST	(TEST_PMD_NR - 1)

/* Pages that one page of readahead brings, as vm.page-cluster has it. */
#define READAHEAD_MAX	8

/* 64 MB of memory in swap. */
#define MANY	((int)(SZ_64M / PMD_SIZE))

/* Bytes that one page table counts in mm_pgtables_bytes(). */
#define PTE_TABLE_BYTES	((long)(PTRS_PER_PTE * sizeof(pte_t)))

static unsigned long total_swap(void)
{
	struct sysinfo info;

	si_swapinfo(&info);
	return info.totalswap;
}

/*
 * swapoff() has ended, and nothing is left of the area. The kernel keeps the
 * description of an area for the next one, so it can still be looked at.
 */
static void expect_gone(struct kunit *test, struct test_swap *swap, int ret)
{
	KUNIT_ASSERT_EQ_MSG(test, ret, 0, "swapoff");
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
	KUNIT_EXPECT_EQ_MSG(test, swap->si->flags & SWP_USED, 0,
			    "still in use");
}

static void swap_off(struct kunit *test, struct test_swap *swap)
{
	expect_gone(test, swap, test_swap_off(swap));
}

/* What swapoff() maps by a PMD is out of the swap cache, and is used by nobody. */
static void expect_mapped_old(struct test_mm *tm, unsigned long addr)
{
	struct kunit *test = tm->test;
	struct folio *folio = test_folio_get(tm, addr);
	pmd_t pmd = test_pmd(tm, addr);

	KUNIT_ASSERT_TRUE_MSG(test, test_is_thp(tm, addr), "not mapped by a PMD");
	KUNIT_EXPECT_FALSE_MSG(test, pmd_young(pmd), "nobody has touched it");
	KUNIT_EXPECT_FALSE(test, pmd_write(pmd));
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_FALSE(test, folio_test_swapcache(folio));
	KUNIT_EXPECT_TRUE_MSG(test, folio_test_dirty(folio),
			      "the only copy must not be dropped");
	folio_put(folio);
}

static void pmd_swap_swapoff_whole(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	unsigned long total = total_swap();
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	int deposits = test_deposits(tm, thp.addr);
	unsigned long pfn;

	test_pmd_swap_out(tm, thp);
	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);

	swap_off(test, swap);

	KUNIT_EXPECT_EQ(test, total_swap(), total);
	expect_mapped_old(tm, thp.addr);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	KUNIT_EXPECT_EQ(test, test_deposits(tm, thp.addr), deposits);
	TEST_EXPECT_THP(tm, thp);

	/* Exclusive it was, so a write needs no copy. */
	pfn = pmd_pfn(test_pmd(tm, thp.addr));
	fault_until_mapped(tm, thp.addr, FAULT_FLAG_WRITE);
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	KUNIT_EXPECT_EQ(test, pmd_pfn(test_pmd(tm, thp.addr)), pfn);
	TEST_EXPECT_THP(tm, thp);
	KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(tm, thp.addr, PMD_SIZE));
	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), -PTE_TABLE_BYTES);
}

/* Reclaim finds it by its rmap, and writes it: it is memory like any other. */
static void pmd_swap_swapoff_and_out_again(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	test_pmd_swap_out(tm, thp);
	swap_off(test, swap);
	KUNIT_ASSERT_TRUE(test, test_is_thp(tm, thp.addr));

	swap = test_swap_on(tm, TEST_SWAP_RAM(1), TEST_SWAP_SLOTS,
			    TEST_SWAP_NO_PRIO);
	KUNIT_ASSERT_EQ(test, 0, test_pageout(tm, thp.addr, TEST_PMD_NR));
	KUNIT_ASSERT_EQ(test, 0, test_swap_uncache(tm, thp.addr, TEST_PMD_NR));

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	KUNIT_EXPECT_TRUE_MSG(test, pmd_swp_exclusive(test_pmd(tm, thp.addr)),
			      "swapoff() has lost the exclusive marker");
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
}

struct device_row {
	const char *name;
	blk_features_t features;
};

static const struct device_row device_rows[] = {
	{ "synchronous", DISK_SYNC },
	{ "asynchronous", DISK_ASYNC },
};

KUNIT_ARRAY_PARAM_DESC(device, device_rows, name);

/* All that one address space can have, and that is not all alike. */
static void pmd_swap_swapoff_mixed_mm(struct kunit *test)
{
	const struct device_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	struct test_thp mapped = test_thp_map(s.tm);
	struct test_thp small = test_small_map(s.tm);
	struct test_thp split = test_thp_map(s.tm);
	struct test_thp two = test_thp_map(s.tm);
	struct test_thp half = test_thp_map(s.tm);
	int deposits = test_deposits(s.tm, s.thp.addr);

	test_stat_restart(s.stat);
	pmd_swap_go_out(&s);
	test_pmd_swap_out(s.tm, split);
	test_pmd_swap_split(s.tm, split);
	KUNIT_ASSERT_EQ(test, 0, test_pageout(s.tm, small.addr, TEST_PMD_NR));
	test_pmd_swap_out(s.tm, two);
	test_pmd_swap_out(s.tm, half);
	KUNIT_ASSERT_EQ(test, 0, test_mm_munmap(s.tm, half.addr, PMD_SIZE / 2));

	swap_off(test, s.swap);

	KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, two.addr));
	KUNIT_EXPECT_EQ(test, test_count_ptes(s.tm, split.addr,
					      TEST_PMD_NR).present, TEST_PMD_NR);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR / 2, 0);
	if (deposits >= 0)
		KUNIT_EXPECT_EQ(test, test_deposits(s.tm, s.thp.addr),
				deposits - 2);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(s.stat), 0);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_THP(s.tm, mapped);
	TEST_EXPECT_THP(s.tm, small);
	TEST_EXPECT_THP(s.tm, split);
	TEST_EXPECT_THP(s.tm, two);
	TEST_EXPECT_PATTERN_AT(s.tm, half.addr + PMD_SIZE / 2, TEST_PMD_NR / 2,
			       half.seed, TEST_PMD_NR / 2);
}

/* 64 MB: all of it huge again, and each page is read once. */
static void pmd_swap_swapoff_many(struct kunit *test)
{
	const struct device_row *row = test->param_value;
	struct test_thp *thps;
	struct test_stat *stat;
	struct test_disk *disk;
	struct test_swap *swap;
	struct test_mm *tm;
	int i, huge = 0;

	thps = kunit_kcalloc(test, MANY, sizeof(*thps), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, thps);
	disk = test_disk_create(test, (MANY + 1) * TEST_PMD_NR + 1,
				row->features);
	tm = test_mm_create(test);
	swap = test_swap_on(tm, disk->dev, (MANY + 1) * TEST_PMD_NR,
			    TEST_SWAP_NO_PRIO);
	for (i = 0; i < MANY; i++)
		thps[i] = test_thp_map(tm);
	stat = test_stat_begin(tm);
	for (i = 0; i < MANY; i++)
		test_pmd_swap_out(tm, thps[i]);
	TEST_EXPECT_RSS(stat, -MANY * TEST_PMD_NR, MANY * TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), MANY * TEST_PMD_NR);
	disk->reads = 0;

	/* test_swap_off() sets it a limit of a few seconds. */
	swap_off(test, swap);

	KUNIT_EXPECT_EQ(test, disk->reads, MANY * TEST_PMD_NR);
	for (i = 0; i < MANY; i++)
		huge += test_is_thp(tm, thps[i].addr);
	KUNIT_EXPECT_EQ_MSG(test, huge, MANY, "mapped by a PMD");
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	TEST_EXPECT_EVENT(stat, "pswpin", MANY * TEST_PMD_NR);
	for (i = 0; i < MANY; i++)
		TEST_EXPECT_THP(tm, thps[i]);
}

static void pmd_swap_swapoff_other_area(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *stays, *goes;
	struct test_thp thp, other;
	struct test_stat *stat;
	softleaf_t first;
	pmd_t pmd;

	test_pmd_swap_require(test);
	stays = test_swap_on(tm, TEST_SWAP_RAM(0), TEST_SWAP_SLOTS, 1);
	thp = test_thp_map(tm);
	other = test_thp_map(tm);
	stat = test_stat_begin(tm);
	test_pmd_swap_out(tm, thp);
	goes = test_swap_on(tm, TEST_SWAP_RAM(1), TEST_SWAP_SLOTS, 2);
	test_pmd_swap_out(tm, other);
	pmd = test_pmd(tm, thp.addr);
	first = test_softleaf(tm, thp.addr);
	KUNIT_ASSERT_EQ(test, (int)swp_type(first), stays->si->type);
	KUNIT_ASSERT_EQ(test, (int)swp_type(test_softleaf(tm, other.addr)),
			goes->si->type);

	swap_off(test, goes);

	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(test_pmd(tm, thp.addr)),
			softleaf_raw_pmd(pmd));
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ_MSG(test, test_slots_from(first, TEST_PMD_NR).cached, 0,
			    "was read for nothing");
	KUNIT_EXPECT_EQ(test, test_swap_used(stays), TEST_PMD_NR);
	TEST_EXPECT_RSS(stat, 0 - TEST_PMD_NR, TEST_PMD_NR);
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, other.addr));
	TEST_EXPECT_THP(tm, other);
	TEST_EXPECT_THP(tm, thp);
}

/* All processes that share it, and each of them is found on the mmlist. */
static void pmd_swap_swapoff_shared(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm), *stat2;
	struct test_mm *child;
	u32 seed;

	test_pmd_swap_out(tm, thp);
	child = test_mm_fork(tm);
	stat2 = test_stat_begin(child);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 2);

	swap_off(test, swap);

	expect_mapped_old(tm, thp.addr);
	expect_mapped_old(child, thp.addr);
	KUNIT_EXPECT_EQ_MSG(test, pmd_pfn(test_pmd(tm, thp.addr)),
			    pmd_pfn(test_pmd(child, thp.addr)),
			    "not shared any more");
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_RSS(stat2, TEST_PMD_NR, -TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat2), 0);
	TEST_EXPECT_THP(tm, thp);
	TEST_EXPECT_THP(child, thp);
	/* Not exclusive: what one writes the other does not see. */
	seed = rewrite_page(child, thp, MIDDLE);
	expect_rewritten(child, thp, MIDDLE, seed);
	TEST_EXPECT_THP(tm, thp);
	seed = rewrite_page(tm, thp, 0);
	expect_rewritten(tm, thp, 0, seed);
}

/* One has the PMD, and one has PTEs for the same slots. */
struct sharer_row {
	const char *name;
	bool parent_splits;
	bool cached;
	blk_features_t features;
};

static const struct sharer_row sharer_rows[] = {
	{ "child, nothing cached", false, false, DISK_SYNC },
	{ "child, folio cached", false, true, DISK_SYNC },
	{ "child, folio cached, asynchronous", false, true, DISK_ASYNC },
	{ "parent, nothing cached", true, false, DISK_SYNC },
	{ "parent, folio cached", true, true, DISK_SYNC },
	{ "parent, folio cached, asynchronous", true, true, DISK_ASYNC },
};

KUNIT_ARRAY_PARAM_DESC(sharer, sharer_rows, name);

static void pmd_swap_swapoff_sharer_with_ptes(struct kunit *test)
{
	const struct sharer_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	struct test_mm *child;
	struct test_stat *stat2;
	u32 seed;

	if (row->cached)
		pmd_swap_go_out_cached(&s);
	else
		pmd_swap_go_out(&s);
	child = test_mm_fork(s.tm);
	stat2 = test_stat_begin(child);
	test_pmd_swap_split(row->parent_splits ? s.tm : child, s.thp);

	/* A large folio that nobody has mapped must not be mapped by PTEs. */
	swap_off(test, s.swap);

	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_RSS(stat2, TEST_PMD_NR, -TEST_PMD_NR);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_THP(child, s.thp);
	seed = rewrite_page(child, s.thp, LAST);
	expect_rewritten(child, s.thp, LAST, seed);
	TEST_EXPECT_THP(s.tm, s.thp);
}

struct page_row {
	const char *name;
	unsigned int page;
};

static const struct page_row page_rows[] = {
	{ "first page", 0 },
	{ "second page", 1 },
	{ "page in the middle", MIDDLE },
	{ "last page", LAST },
};

KUNIT_ARRAY_PARAM_DESC(page, page_rows, name);

/* What was wanted without huge pages came in page by page. */
static void pmd_swap_swapoff_order0_cached(struct kunit *test)
{
	const struct page_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);

	pmd_swap_go_out(&s);
	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						 MADV_NOHUGEPAGE));
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(s.tm, pmd_swap_addr(&s, row->page),
					PAGE_SIZE, MADV_WILLNEED));
	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						 MADV_HUGEPAGE));
	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	if (test_slots(s.tm, s.thp.addr, TEST_PMD_NR).cached != 1)
		kunit_skip(test, "MADV_WILLNEED does not read in a page of a PMD swap entry");

	swap_off(test, s.swap);

	expect_split(&s);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_THP(s.tm, s.thp);
	/* Each page is there once. */
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}

/* A sharer had it mapped when its folio was split, in the swap cache as well. */
static void pmd_swap_swapoff_folio_was_split(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct test_mm *child;
	struct folio *folio;
	int ret;

	pmd_swap_go_out_cached(&s);
	child = test_mm_fork(s.tm);
	fault_until_mapped(child, s.thp.addr, 0);
	lru_add_drain_all();
	folio = test_folio_get(child, s.thp.addr);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	folio_lock(folio);
	ret = split_folio(folio);
	folio_unlock(folio);
	folio_put(folio);
	KUNIT_ASSERT_EQ_MSG(test, ret, 0, "the folio cannot be split");
	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	KUNIT_ASSERT_EQ(test, test_slots(s.tm, s.thp.addr, TEST_PMD_NR).cached,
			TEST_PMD_NR);

	swap_off(test, s.swap);

	expect_split(&s);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_THP(child, s.thp);
}

/* How many of these pages can be read; none holds anything else than it did. */
static unsigned int count_readable(struct pmd_swap *s)
{
	unsigned int page, readable = 0;

	for (page = 0; page < TEST_PMD_NR; page++) {
		struct test_pattern_diff diff;

		if (test_pattern_ok(s->tm, pmd_swap_addr(s, page), 1,
				    s->thp.seed, page, &diff))
			readable++;
		else
			KUNIT_EXPECT_TRUE_MSG(s->tm->test, diff.fault,
					      "wrong data in page %u", page);
	}
	return readable;
}

struct error_row {
	const char *name;
	unsigned int page;
	blk_features_t features;
	bool cached;
};

static const struct error_row error_rows[] = {
	{ "first page", 0, DISK_SYNC, false },
	{ "page in the middle", MIDDLE, DISK_SYNC, false },
	{ "last page, asynchronous", LAST, DISK_ASYNC, false },
	{ "page in the middle, in the swap cache", MIDDLE, DISK_SYNC, true },
	{ "first page, in the swap cache, asynchronous", 0, DISK_ASYNC, true },
};

KUNIT_ARRAY_PARAM_DESC(error, error_rows, name);

/*
 * One page cannot be read: it is lost, and not all others with it. Readahead
 * may have asked for a few of them in the same request as that page; they are
 * lost as well, as they would be without any huge page.
 */
static void pmd_swap_swapoff_read_error(struct kunit *test)
{
	const struct error_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	int lost;
	char byte;

	pmd_swap_go_out(&s);
	s.disk->bad_page = swp_offset(first_slot(&s)) + row->page;
	if (row->cached)
		KUNIT_ASSERT_EQ(test, 0,
				test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						MADV_WILLNEED));

	swap_off(test, s.swap);

	KUNIT_EXPECT_GE_MSG(test, s.disk->reads, 1, "nothing was read");
	expect_split(&s);
	KUNIT_EXPECT_EQ(test, test_mm_read(s.tm, &byte,
					   pmd_swap_addr(&s, row->page), 1),
			-EFAULT);
	lost = TEST_PMD_NR - count_readable(&s);
	KUNIT_EXPECT_GE(test, lost, 1);
	KUNIT_EXPECT_LE(test, lost, READAHEAD_MAX);
	TEST_EXPECT_RSS(s.stat, -lost, 0);
	/* Nor is it taken for a slot of the next area. */
	KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(s.tm, s.thp.addr, PMD_SIZE));
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, 0);
}

static void pmd_swap_swapoff_no_huge_page(struct kunit *test)
{
	const struct device_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	struct test_inject *inject;
	unsigned long fallback;
	int ret;

	pmd_swap_go_out(&s);
	fallback = mthp_stat(HPAGE_PMD_ORDER, MTHP_STAT_SWPIN_FALLBACK);

	/* The task of swapoff() inherits from this one that it may fail. */
	inject = test_inject_begin(s.tm, TEST_INJECT_PAGES,
				   "swap_cache_alloc_folio", 0,
				   TEST_INJECT_HUGE_PAGE);
	ret = test_swap_off(s.swap);
	KUNIT_EXPECT_EQ_MSG(test, test_inject_end(inject), TEST_INJECT_HUGE_PAGE,
			    "allocations that have failed");

	expect_gone(test, s.swap, ret);
	KUNIT_EXPECT_EQ(test,
			mthp_stat(HPAGE_PMD_ORDER, MTHP_STAT_SWPIN_FALLBACK),
			fallback + 1);
	expect_split(&s);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_THP(s.tm, s.thp);
}

/* An error, and not for ever; everything stays as good as it was. */
static void pmd_swap_swapoff_no_page_at_all(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_inject *inject;
	int ret;

	pmd_swap_go_out(&s);

	inject = test_inject_begin(s.tm, TEST_INJECT_PAGES,
				   "swap_cache_alloc_folio", 0,
				   TEST_INJECT_ALWAYS);
	ret = test_swap_off(s.swap);
	KUNIT_EXPECT_GE(test, test_inject_end(inject), 2);

	KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
	expect_rss_as_mapped(&s);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_SLOTS(s.tm, s.thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), TEST_PMD_NR);
	TEST_EXPECT_THP(s.tm, s.thp);
	swap_off(test, s.swap);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

/* Huge pages are not wanted any more: what is there is taken, none is made. */
static void pmd_swap_swapoff_not_wanted(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	bool cached;

	test_pmd_swap_out(tm, thp);
	cached = test_slots(tm, thp.addr, TEST_PMD_NR).cached;
	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(tm, thp.addr, PMD_SIZE,
						 MADV_NOHUGEPAGE));

	swap_off(test, swap);

	if (!cached)
		KUNIT_EXPECT_TRUE(test, test_has_pte_table(tm, thp.addr));
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	TEST_EXPECT_THP(tm, thp);
}

/* No page of it was ever written: there is nothing to read. */
static void pmd_swap_swapoff_all_zero(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);

	KUNIT_ASSERT_EQ(test, 0, test_pattern_fill(s.tm, s.thp.addr,
						   TEST_PMD_NR, 0, 0));
	pmd_swap_go_out(&s);

	swap_off(test, s.swap);

	KUNIT_EXPECT_EQ(test, s.disk->reads, 0);
	TEST_EXPECT_EVENT(s.stat, "swpin_zero", TEST_PMD_NR);
	KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_ZERO(s.tm, s.thp.addr, TEST_PMD_NR);
}

struct bits_row {
	bool uffd;
	bool rwp;
	bool soft_dirty;
	bool shared;
};

static const void *bits_gen_params(struct kunit *test, const void *prev,
				   char *desc)
{
	static struct bits_row rows[12];
	const struct bits_row *last = prev;
	struct bits_row *row = last ? &rows[last - rows + 1] : rows;
	unsigned int i = row - rows;

	if (i == ARRAY_SIZE(rows))
		return NULL;
	*row = (struct bits_row) {
		.uffd = i / 4,
		.rwp = i / 4 == 2,
		.soft_dirty = i & 1,
		.shared = i & 2,
	};
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s%s%s",
		 row->rwp ? "RWP" : row->uffd ? "uffd-wp" : "no uffd",
		 row->soft_dirty ? ", soft-dirty" : "",
		 row->shared ? ", shared" : "");
	return row;
}

static int protect(const struct bits_row *row, struct test_uffd *uffd,
		   struct test_thp thp, bool on)
{
#ifdef UFFDIO_RWPROTECT
	if (row->rwp)
		return test_uffd_rwp(uffd, thp.addr, PMD_SIZE, on);
#endif
	return test_uffd_wp(uffd, thp.addr, PMD_SIZE, on);
}

static struct test_uffd arm(struct pmd_swap *s, const struct bits_row *row)
{
	struct kunit *test = s->tm->test;
	u64 mode = UFFDIO_REGISTER_MODE_WP, features = UFFD_FEATURE_SIGBUS;
	struct test_uffd uffd;

	if (row->rwp) {
#ifdef UFFDIO_RWPROTECT
		features |= UFFD_FEATURE_RWP;
		mode = UFFDIO_REGISTER_MODE_RWP;
#else
		kunit_skip(test, "this kernel's userfaultfd has no RWP");
#endif
	}
	uffd = test_uffd_open(s->tm, features);
	KUNIT_ASSERT_EQ(test, 0, test_uffd_register(&uffd, s->thp.addr,
						    PMD_SIZE, mode));
	KUNIT_ASSERT_EQ(test, 0, protect(row, &uffd, s->thp, true));
	return uffd;
}

static void pmd_swap_swapoff_bits(struct kunit *test)
{
	const struct bits_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *child = NULL;
	struct test_uffd uffd;
	char byte = 1;
	pmd_t pmd;
	u32 seed;

	if (row->uffd && !pgtable_supports_uffd())
		kunit_skip(test, "no userfaultfd bit here");
	if (!pgtable_supports_soft_dirty())
		kunit_skip(test, "no soft-dirty bit here");
	if (row->uffd)
		uffd = arm(&s, row);
	if (!row->soft_dirty)
		KUNIT_ASSERT_EQ(test, 0,
				test_clear_refs(s.tm, TEST_CLEAR_REFS_SOFT_DIRTY));
	pmd_swap_go_out(&s);
	if (row->shared)
		child = test_mm_fork(s.tm);

	swap_off(test, s.swap);

	pmd = test_pmd(s.tm, s.thp.addr);
	KUNIT_ASSERT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	KUNIT_EXPECT_EQ(test, !!pmd_uffd(pmd), row->uffd);
	KUNIT_EXPECT_EQ(test, !!pmd_soft_dirty(pmd), row->soft_dirty);
	KUNIT_EXPECT_EQ(test, !!pmd_protnone(pmd), row->rwp);
	KUNIT_EXPECT_FALSE(test, pmd_write(pmd));
	TEST_EXPECT_RSS(s.stat, 0, 0);

	if (row->uffd) {
		KUNIT_EXPECT_EQ_MSG(test, test_mm_write(s.tm, s.thp.addr, &byte,
							1),
				    -EFAULT, "userfaultfd does not see a write");
		KUNIT_EXPECT_EQ(test, 0, protect(row, &uffd, s.thp, false));
	}
	TEST_EXPECT_THP(s.tm, s.thp);
	seed = rewrite_page(s.tm, s.thp, 3);
	expect_rewritten(s.tm, s.thp, 3, seed);
	if (child)
		TEST_EXPECT_THP(child, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

/* What another task does to the range while swapoff() reads it. */
struct zap_row {
	const char *name;
	unsigned int first;
	unsigned int nr;
	blk_features_t features;
	bool bad;
};

static const struct zap_row zap_rows[] = {
	{ "all of it", 0, HPAGE_PMD_NR, DISK_SYNC, false },
	{ "all of it, asynchronous", 0, HPAGE_PMD_NR, DISK_ASYNC, false },
	{ "first half", 0, HPAGE_PMD_NR / 2, DISK_SYNC, false },
	{ "second half", HPAGE_PMD_NR / 2, HPAGE_PMD_NR / 2, DISK_ASYNC, false },
	{ "last page", HPAGE_PMD_NR - 1, 1, DISK_SYNC, false },
	{ "all of it, read error", 0, HPAGE_PMD_NR, DISK_SYNC, true },
	{ "last page, read error there", HPAGE_PMD_NR - 1, 1, DISK_SYNC, true },
};

KUNIT_ARRAY_PARAM_DESC(zap, zap_rows, name);

/* swapoff() waits for a read of @s. */
static void start_and_hold(struct pmd_swap *s)
{
	struct kunit *test = s->tm->test;

	test_disk_hold(s->disk, TEST_DISK_READS);
	KUNIT_ASSERT_EQ(test, 0, test_swap_off_start(s->swap));
	KUNIT_ASSERT_TRUE(test, test_swap_off_sleeps(s->swap));
	KUNIT_ASSERT_TRUE_MSG(test, test_disk_is_holding(s->disk),
			      "nothing is read");
}

static void expect_zapped(struct pmd_swap *s, unsigned int first,
			  unsigned int nr)
{
	unsigned int end = first + nr;

	expect_rss_as_mapped(s);
	TEST_EXPECT_RSS(s->stat, -(long)nr, 0);
	TEST_EXPECT_PATTERN(s->tm, s->thp.addr, first, s->thp.seed);
	TEST_EXPECT_ZERO(s->tm, pmd_swap_addr(s, first), nr);
	TEST_EXPECT_PATTERN_AT(s->tm, pmd_swap_addr(s, end), TEST_PMD_NR - end,
			       s->thp.seed, end);
}

static void pmd_swap_swapoff_zap_meanwhile(struct kunit *test)
{
	const struct zap_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	int ret;

	pmd_swap_go_out(&s);
	if (row->bad)
		s.disk->bad_page = swp_offset(first_slot(&s)) + row->first;
	start_and_hold(&s);
	KUNIT_EXPECT_EQ(test, 0,
			test_mm_madvise(s.tm, pmd_swap_addr(&s, row->first),
					row->nr * PAGE_SIZE, MADV_DONTNEED));
	test_disk_release(s.disk);
	ret = test_swap_off_wait(s.swap);

	expect_gone(test, s.swap, ret);
	KUNIT_EXPECT_FALSE_MSG(test, test_is_thp(s.tm, s.thp.addr),
			       "what was zapped is mapped again");
	expect_zapped(&s, row->first, row->nr);
}

static long munmap_call(void *data)
{
	struct pmd_swap *s = data;

	return vm_munmap(s->thp.addr, PMD_SIZE);
}

/* munmap() has to wait for swapoff(), and finds what that has left. */
static void pmd_swap_swapoff_munmap_meanwhile(struct kunit *test)
{
	const struct device_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	struct test_call *call;
	int ret;

	pmd_swap_go_out(&s);
	start_and_hold(&s);
	call = test_call_start(s.tm, munmap_call, &s);
	KUNIT_EXPECT_TRUE(test, test_call_sleeps(call));
	test_disk_release(s.disk);
	ret = test_swap_off_wait(s.swap);
	KUNIT_EXPECT_EQ(test, test_call_wait(call), 0);

	expect_gone(test, s.swap, ret);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(s.stat), -PTE_TABLE_BYTES);
}

/* A fault that meets swapoff() at the same folio: one of them maps it. */
static void pmd_swap_swapoff_fault_meanwhile(struct kunit *test)
{
	const struct device_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	struct test_fault_thread *thread;
	int ret;

	pmd_swap_go_out(&s);
	start_and_hold(&s);
	thread = test_fault_start(s.tm, s.thp.addr, FAULT_FLAG_WRITE);
	KUNIT_EXPECT_TRUE(test, test_fault_sleeps(thread));
	test_disk_release(s.disk);
	ret = test_swap_off_wait(s.swap);
	KUNIT_EXPECT_EQ(test, test_fault_wait(thread) & VM_FAULT_ERROR, 0);

	expect_gone(test, s.swap, ret);
	fault_until_mapped(s.tm, s.thp.addr, FAULT_FLAG_WRITE);
	expect_back_huge(&s);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}

/* The folio leaves the swap cache, or is another one, before it is locked. */
struct cache_row {
	const char *name;
	bool replaced;
};

static const struct cache_row cache_rows[] = {
	{ "left the swap cache", false },
	{ "replaced by a page", true },
};

KUNIT_ARRAY_PARAM_DESC(cache, cache_rows, name);

static void pmd_swap_swapoff_cache_changes(struct kunit *test)
{
	const struct cache_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct test_mm *child = NULL;
	struct folio *folio;
	int ret;

	pmd_swap_go_out_cached(&s);
	if (row->replaced)
		child = fork_and_split(&s);
	folio = get_cached(&s);
	folio_lock(folio);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off_start(s.swap));
	KUNIT_EXPECT_TRUE_MSG(test, test_swap_off_sleeps(s.swap),
			      "swapoff() does not wait for the folio");
	/* As reclaim does; it is written, so nothing is lost. */
	KUNIT_EXPECT_FALSE(test, folio_test_dirty(folio));
	swap_cache_del_folio(folio);
	if (child)
		fault_until_mapped(child, s.thp.addr, 0);
	folio_unlock(folio);
	folio_put(folio);
	ret = test_swap_off_wait(s.swap);

	expect_gone(test, s.swap, ret);
	if (child)
		expect_split(&s);
	else
		KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_THP(s.tm, s.thp);
	if (child)
		TEST_EXPECT_THP(child, s.thp);
}

/* A page of it is read by somebody else while the huge page is allocated. */
static void pmd_swap_swapoff_other_reads_first(struct kunit *test)
{
	const struct page_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct other_reader reader;
	int ret;

	pmd_swap_go_out(&s);
	other_reader_begin(&reader, s.tm, pmd_swap_addr(&s, row->page));
	KUNIT_EXPECT_EQ(test, 0, test_swap_off_start(s.swap));
	KUNIT_EXPECT_TRUE_MSG(test, test_swap_off_sleeps(s.swap),
			      "swapoff() does not wait for the page");
	KUNIT_EXPECT_TRUE(test, other_reader_end(&reader));
	ret = test_swap_off_wait(s.swap);

	expect_gone(test, s.swap, ret);
	expect_split(&s);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_THP(s.tm, s.thp);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}

/*
 * PTEs, and a huge page in the swap cache that nobody has mapped: swapoff() waits
 * for it, and finds that it is not the one any more.
 */
static void pmd_swap_swapoff_ptes_left_cache(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct folio *folio;
	int ret;

	pmd_swap_go_out_cached(&s);
	folio = get_cached(&s);
	test_pmd_swap_split(s.tm, s.thp);
	folio_lock(folio);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off_start(s.swap));
	KUNIT_EXPECT_TRUE_MSG(test, test_swap_off_sleeps(s.swap),
			      "swapoff() does not wait for the folio");
	KUNIT_EXPECT_FALSE(test, folio_test_anon(folio));
	KUNIT_EXPECT_FALSE(test, folio_test_dirty(folio));
	swap_cache_del_folio(folio);
	folio_unlock(folio);
	ret = test_swap_off_wait(s.swap);

	expect_gone(test, s.swap, ret);
	KUNIT_EXPECT_FALSE_MSG(test, folio_test_anon(folio),
			       "mapped, though it was in the swap cache no more");
	folio_put(folio);
	expect_split(&s);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_THP(s.tm, s.thp);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}

/* What is still on its way out has to be there first. */
static void pmd_swap_swapoff_writeback(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	int ret;

	pmd_swap_go_to_writeback(&s);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off_start(s.swap));
	KUNIT_EXPECT_TRUE_MSG(test, test_swap_off_sleeps(s.swap),
			      "swapoff() does not wait for the writeback");
	test_disk_release(s.disk);
	ret = test_swap_off_wait(s.swap);

	expect_gone(test, s.swap, ret);
	KUNIT_EXPECT_FALSE(test, s.disk->torn);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0);
	expect_back_huge(&s);
}

static struct kunit_case pmd_swap_swapoff_cases[] = {
	KUNIT_CASE_PARAM(pmd_swap_swapoff_whole, test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_and_out_again,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_mixed_mm, device_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_many, device_gen_params),
	KUNIT_CASE(pmd_swap_swapoff_other_area),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_shared, test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_sharer_with_ptes, sharer_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_order0_cached, page_gen_params),
	KUNIT_CASE(pmd_swap_swapoff_folio_was_split),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_read_error, error_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_no_huge_page, device_gen_params),
	KUNIT_CASE(pmd_swap_swapoff_no_page_at_all),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_not_wanted,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_swapoff_all_zero),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_bits, bits_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_zap_meanwhile, zap_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_munmap_meanwhile, device_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_fault_meanwhile, device_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_other_reads_first, page_gen_params),
	KUNIT_CASE(pmd_swap_swapoff_ptes_left_cache),
	KUNIT_CASE_PARAM(pmd_swap_swapoff_cache_changes, cache_gen_params),
	KUNIT_CASE(pmd_swap_swapoff_writeback),
	{}
};

static int pmd_swap_swapoff_init(struct kunit *test)
{
	test_pmd_swap_require(test);
	return 0;
}

static struct kunit_suite pmd_swap_swapoff_suite = {
	.name = "pmd_swap_swapoff",
	.init = pmd_swap_swapoff_init,
	.test_cases = pmd_swap_swapoff_cases,
};

kunit_test_suite(pmd_swap_swapoff_suite);

MODULE_DESCRIPTION("KUnit suite for swapoff() with PMD swap entries");
MODULE_LICENSE("GPL");
