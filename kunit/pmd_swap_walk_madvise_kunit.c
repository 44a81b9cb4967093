// SPDX-License-Identifier: GPL-2.0
/*
 * madvise() on a PMD swap entry: what frees its slots, what reads them in, and
 * what has to leave it alone. MADV_DONTNEED is in pmd_swap_zap.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf \
 *		'pmd_swap_walk_madvise'
 */
#include <kunit/test.h>

#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/swap.h>
#include <linux/uio.h>

#include "../../internal.h"
#include "../../swap.h"

#include "compat.h"
#include "fixtures/fixtures.h"
#include "pmd_swap_helpers.h"
#include "softleaf_helpers.h"

#define HALF		(TEST_PMD_NR / 2)

/* Bytes that one page table counts in mm_pgtables_bytes(). */
#define PTE_TABLE_BYTES	((long)(PTRS_PER_PTE * sizeof(pte_t)))

/* MADV_COLLAPSE may say that memory is busy once for each page it reads. */
#define COLLAPSE_TRIES	(TEST_PMD_NR + 1)

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
};

KUNIT_ARRAY_PARAM_DESC(part, parts, name);

static int advise_part(struct test_mm *tm, struct test_thp thp,
		       const struct part *part, int advice)
{
	return test_mm_madvise(tm, thp.addr + part->first * PAGE_SIZE,
			       part->nr * PAGE_SIZE, advice);
}

/* An architecture may keep deposited page tables in a way of its own. */
static void expect_deposits(struct test_mm *tm, unsigned long addr, int nr)
{
	int deposits = test_deposits(tm, addr);

	if (deposits != -EOPNOTSUPP)
		KUNIT_EXPECT_EQ_MSG(tm->test, deposits, nr,
				    "deposited page tables");
}

/* The entry is as it was: the same bits, slots, counters and deposit. */
static void expect_left_alone(struct test_mm *tm, struct test_thp thp,
			      struct test_stat *stat, pmd_t pmd)
{
	struct kunit *test = tm->test;

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	KUNIT_EXPECT_EQ_MSG(test, softleaf_raw_pmd(test_pmd(tm, thp.addr)),
			    softleaf_raw_pmd(pmd), "the PMD");
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	expect_deposits(tm, thp.addr, 1);
}

/* Advice that changes nothing of memory that is swapped out. */
struct idle {
	const char *name;
	int advice;
	int first;
	int nr;
};

static const struct idle idle_advice[] = {
	{ "cold", MADV_COLD, 0, HPAGE_PMD_NR },
	{ "cold, first half", MADV_COLD, 0, HPAGE_PMD_NR / 2 },
	{ "cold, page inside", MADV_COLD, 5, 1 },
	{ "cold, second half", MADV_COLD, HPAGE_PMD_NR / 2, HPAGE_PMD_NR / 2 },
	{ "pageout", MADV_PAGEOUT, 0, HPAGE_PMD_NR },
	{ "pageout, first half", MADV_PAGEOUT, 0, HPAGE_PMD_NR / 2 },
	{ "pageout, page inside", MADV_PAGEOUT, 5, 1 },
	{ "pageout, second half", MADV_PAGEOUT, HPAGE_PMD_NR / 2,
	  HPAGE_PMD_NR / 2 },
	{ "guard remove", MADV_GUARD_REMOVE, 0, HPAGE_PMD_NR },
	{ "guard remove, first half", MADV_GUARD_REMOVE, 0, HPAGE_PMD_NR / 2 },
	{ "guard remove, page inside", MADV_GUARD_REMOVE, 5, 1 },
	/* Rounded to huge pages, of which none is left. */
	{ "collapse, all but a page", MADV_COLLAPSE, 1, HPAGE_PMD_NR - 1 },
	{ "nohugepage", MADV_NOHUGEPAGE, 0, HPAGE_PMD_NR },
	{ "hugepage", MADV_HUGEPAGE, 0, HPAGE_PMD_NR },
	{ "sequential", MADV_SEQUENTIAL, 0, HPAGE_PMD_NR },
	{ "dontdump", MADV_DONTDUMP, 0, HPAGE_PMD_NR },
};

KUNIT_ARRAY_PARAM_DESC(idle, idle_advice, name);

static void leave_alone(struct kunit *test, bool cached)
{
	const struct idle *idle = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_stat *stat;
	pmd_t pmd;

	if (cached)
		pmd_swap_go_out_cached(&s);
	else
		pmd_swap_go_out(&s);
	stat = test_stat_begin(s.tm);
	pmd = test_pmd(s.tm, s.thp.addr);

	rearm_warnings();
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, 0,
				test_mm_madvise(s.tm, pmd_swap_addr(&s, idle->first),
						idle->nr * PAGE_SIZE,
						idle->advice));
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}

	expect_left_alone(s.tm, s.thp, stat, pmd);
	KUNIT_EXPECT_EQ(test, cached ? TEST_PMD_NR : 0,
			test_slots(s.tm, s.thp.addr, TEST_PMD_NR).cached);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0UL);
	TEST_EXPECT_THP(s.tm, s.thp);
}

static void pmd_swap_walk_madvise_left_alone(struct kunit *test)
{
	leave_alone(test, false);
}

static void pmd_swap_walk_madvise_left_alone_cached(struct kunit *test)
{
	leave_alone(test, true);
}

/* Freed in place: there is no content that somebody could still want. */
static void pmd_swap_walk_madvise_free(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp other = test_pmd_swap_map(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);

	expect_deposits(tm, thp.addr, 2);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE, MADV_FREE));

	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(tm, thp.addr)));
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 0);
	TEST_EXPECT_RSS(stat, 0, -TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), -PTE_TABLE_BYTES);
	expect_deposits(tm, thp.addr, 1);
	TEST_EXPECT_EVENT(stat, "pswpin", 0);
	TEST_EXPECT_ZERO(tm, thp.addr, TEST_PMD_NR);
	TEST_EXPECT_SLOTS(tm, other.addr, TEST_PMD_NR, 1);
	TEST_EXPECT_THP(tm, other);
	/* What is under writeback yet goes later, and must not be lost. */
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
}

/* Nobody wants the folio any more: it leaves the swap cache with its slots. */
static void pmd_swap_walk_madvise_free_drops_folio(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct folio *folio = test_pmd_swap_folio(tm, thp);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE, MADV_FREE));

	KUNIT_EXPECT_FALSE(test, folio_test_swapcache(folio));
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
}

static void pmd_swap_walk_madvise_free_shared(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_mm *child = test_mm_fork(tm);
	struct test_stat *stat = test_stat_begin(tm);
	pmd_t pmd = test_pmd(tm, thp.addr);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(child, thp.addr, PMD_SIZE, MADV_FREE));

	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(child, thp.addr)));
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(child->mm, MM_SWAPENTS), 0L);
	expect_left_alone(tm, thp, stat, pmd);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_ZERO(child, thp.addr, TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
}

/* The pages of a part are gone, all others are as they were. */
static void expect_part_gone(struct test_mm *tm, struct test_thp thp,
			     const struct part *part)
{
	const int after = part->first + part->nr;

	TEST_EXPECT_PATTERN(tm, thp.addr, part->first, thp.seed);
	TEST_EXPECT_ZERO(tm, thp.addr + part->first * PAGE_SIZE, part->nr);
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + after * PAGE_SIZE,
			       TEST_PMD_NR - after, thp.seed, after);
}

/* The slots of a part are free, all others are as they were. */
static void expect_part_freed(struct test_mm *tm, struct test_thp thp,
			      softleaf_t first, const struct part *part)
{
	const int after = part->first + part->nr;
	softleaf_t freed = { first.val + part->first };
	softleaf_t kept = { first.val + after };

	if (part->first)
		TEST_EXPECT_COUNT(tm->test, first, part->first, 1);
	TEST_EXPECT_COUNT(tm->test, freed, part->nr, 0);
	if (after < TEST_PMD_NR)
		TEST_EXPECT_COUNT(tm->test, kept, TEST_PMD_NR - after, 1);
	KUNIT_EXPECT_EQ(tm->test, TEST_PMD_NR - part->nr,
			test_count_ptes(tm, thp.addr, TEST_PMD_NR).exclusive);
}

static void pmd_swap_walk_madvise_free_part(struct kunit *test)
{
	const struct part *part = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp other = test_pmd_swap_map(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);

	KUNIT_ASSERT_EQ(test, 0, advise_part(tm, thp, part, MADV_FREE));

	KUNIT_ASSERT_TRUE(test, test_has_pte_table(tm, thp.addr));
	KUNIT_EXPECT_EQ(test, part->nr,
			test_count_ptes(tm, thp.addr, TEST_PMD_NR).none);
	expect_part_freed(tm, thp, first, part);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap),
			2 * TEST_PMD_NR - part->nr);
	TEST_EXPECT_RSS(stat, 0, -part->nr);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	expect_deposits(tm, thp.addr, 1);
	expect_part_gone(tm, thp, part);
	TEST_EXPECT_THP(tm, other);
}

/* A folio in the cache is larger than what is left of its range. */
static void pmd_swap_walk_madvise_free_half(struct kunit *test)
{
	const struct part half = { .first = HALF, .nr = HALF };
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);

	KUNIT_ASSERT_EQ(test, 0, advise_part(tm, thp, &half, MADV_FREE));

	expect_part_freed(tm, thp, first, &half);
	TEST_EXPECT_RSS(stat, 0, -HALF);
	expect_part_gone(tm, thp, &half);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
	expect_part_gone(tm, thp, &half);
}

/* From the middle of one entry to the middle of the next but one. */
static void pmd_swap_walk_madvise_free_across(struct kunit *test)
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

		test_pmd_swap_out(tm, thp);
	}
	stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, middle, 2 * PMD_SIZE, MADV_FREE));

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

/* Wait until what was asked for in advance has been read. */
static void wait_for_reads(struct test_mm *tm, unsigned long addr,
			   unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		softleaf_t entry = test_softleaf(tm, addr + i * PAGE_SIZE);
		struct folio *folio;

		if (!softleaf_is_swap(entry))
			continue;
		folio = swap_cache_get_folio(entry);
		if (!folio)
			continue;
		folio_lock(folio);
		folio_unlock(folio);
		folio_put(folio);
	}
}

struct speed {
	const char *name;
	blk_features_t features;
};

static const struct speed speeds[] = {
	{ "synchronous device", DISK_SYNC },
	{ "asynchronous device", DISK_ASYNC },
};

KUNIT_ARRAY_PARAM_DESC(speed, speeds, name);

/* All of it in one folio, and the fault that follows has nothing to read. */
static void pmd_swap_walk_madvise_willneed(struct kunit *test)
{
	const struct speed *speed = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, speed->features);
	struct test_stat *stat;
	struct folio *folio;
	pmd_t pmd;

	pmd_swap_go_out(&s);
	stat = test_stat_begin(s.tm);
	pmd = test_pmd(s.tm, s.thp.addr);

	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						 MADV_WILLNEED));

	wait_for_reads(s.tm, s.thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, s.disk->reads, (unsigned long)TEST_PMD_NR);
	expect_left_alone(s.tm, s.thp, stat, pmd);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_slots(s.tm, s.thp.addr, TEST_PMD_NR).cached);
	folio = get_cached(&s);
	KUNIT_EXPECT_EQ(test, folio_order(folio), HPAGE_PMD_ORDER);
	KUNIT_EXPECT_TRUE(test, folio_test_uptodate(folio));
	folio_put(folio);

	s.disk->reads = 0;
	fault_until_mapped(s.tm, s.thp.addr, 0);
	expect_back_huge(&s);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0UL);
}

/* Asked again there is nothing to read either. */
static void pmd_swap_walk_madvise_willneed_cached(struct kunit *test)
{
	const struct speed *speed = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, speed->features);
	struct test_stat *stat;
	pmd_t pmd;

	pmd_swap_go_out_cached(&s);
	stat = test_stat_begin(s.tm);
	pmd = test_pmd(s.tm, s.thp.addr);

	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						 MADV_WILLNEED));

	wait_for_reads(s.tm, s.thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0UL);
	expect_left_alone(s.tm, s.thp, stat, pmd);
	fault_until_mapped(s.tm, s.thp.addr, 0);
	expect_back_huge(&s);
}

/* A part is there without a read, and the whole can be mapped huge still. */
static void pmd_swap_walk_madvise_willneed_part(struct kunit *test)
{
	const struct part *part = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	unsigned long addr = pmd_swap_addr(&s, part->first);
	struct test_stat *stat;
	pmd_t pmd;

	pmd_swap_go_out(&s);
	stat = test_stat_begin(s.tm);
	pmd = test_pmd(s.tm, s.thp.addr);

	KUNIT_ASSERT_EQ(test, 0, advise_part(s.tm, s.thp, part, MADV_WILLNEED));

	expect_left_alone(s.tm, s.thp, stat, pmd);
	KUNIT_EXPECT_EQ(test, part->nr,
			test_slots(s.tm, addr, part->nr).cached);
	s.disk->reads = 0;
	TEST_EXPECT_PATTERN_AT(s.tm, addr, part->nr, s.thp.seed, part->first);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0UL);
	expect_back_huge(&s);
}

/* Where no huge page is wanted, or one page is cached: page by page. */
struct small {
	const char *name;
	int cached_page;	/* by another process, or -1 */
	int first;
	int nr;
};

static const struct small smalls[] = {
	{ "no huge pages", -1, 0, HPAGE_PMD_NR },
	{ "no huge pages, inside", -1, 7, 20 },
	{ "first page cached", 0, 0, HPAGE_PMD_NR },
	{ "page inside cached", 9, 0, HPAGE_PMD_NR },
	{ "page inside cached, inside", 9, 7, 20 },
	{ "last page cached, inside", HPAGE_PMD_NR - 1, 7, 20 },
};

KUNIT_ARRAY_PARAM_DESC(small, smalls, name);

static void pmd_swap_walk_madvise_willneed_small(struct kunit *test)
{
	const struct small *small = test->param_value;
	const int page = small->cached_page;
	const bool inside = page >= small->first &&
			    page < small->first + small->nr;
	const int cached = small->nr + (page >= 0 && !inside);
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	unsigned long addr = pmd_swap_addr(&s, small->first);
	struct test_stat *stat;

	pmd_swap_go_out(&s);
	if (page >= 0)
		cache_one_page(&s, fork_and_split(&s), page);
	else
		KUNIT_ASSERT_EQ(test, 0,
				test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						MADV_NOHUGEPAGE));
	stat = test_stat_begin(s.tm);
	s.disk->reads = 0;

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(s.tm, addr, small->nr * PAGE_SIZE,
					MADV_WILLNEED));

	KUNIT_EXPECT_EQ(test, s.disk->reads, (unsigned long)small->nr - inside);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, small->nr,
			test_slots(s.tm, addr, small->nr).cached);
	KUNIT_EXPECT_EQ(test, cached,
			test_slots(s.tm, s.thp.addr, TEST_PMD_NR).cached);
	s.disk->reads = 0;
	TEST_EXPECT_PATTERN_AT(s.tm, addr, small->nr, s.thp.seed, small->first);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0UL);
	TEST_EXPECT_THP(s.tm, s.thp);
	expect_split(&s);
}

/* swapoff() has just ended: what it has brought back need not be read. */
static void pmd_swap_walk_madvise_willneed_swapoff(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_stat *stat;
	pmd_t pmd;
	int ret;

	pmd_swap_go_out(&s);
	stat = test_stat_begin(s.tm);
	pmd = test_pmd(s.tm, s.thp.addr);
	swap_device_kill(s.swap);
	ret = test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE, MADV_WILLNEED);
	swap_device_revive(s.swap);

	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0UL);
	KUNIT_EXPECT_EQ(test, 0,
			test_slots(s.tm, s.thp.addr, TEST_PMD_NR).cached);
	expect_left_alone(s.tm, s.thp, stat, pmd);
	TEST_EXPECT_THP(s.tm, s.thp);
}

/* A page that somebody has let go of meanwhile is not read; the others are. */
static void pmd_swap_walk_madvise_willneed_without_count(struct kunit *test)
{
	const struct part *part = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_stat *stat;
	softleaf_t entry;
	int i, ret;

	pmd_swap_go_out(&s);
	stat = test_stat_begin(s.tm);
	entry = first_slot(&s);
	entry.val += part->first;
	for (i = 0; i < part->nr; i++, entry.val++)
		set_slot_count(s.swap, entry, 0);
	ret = test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE, MADV_WILLNEED);
	for (i = 0, entry.val -= part->nr; i < part->nr; i++, entry.val++)
		set_slot_count(s.swap, entry, 1);

	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, s.disk->reads,
			(unsigned long)TEST_PMD_NR - part->nr);
	KUNIT_EXPECT_EQ(test, test_slots(s.tm, s.thp.addr, TEST_PMD_NR).cached,
			TEST_PMD_NR - part->nr);
	KUNIT_EXPECT_EQ(test, 0,
			test_slots(s.tm, pmd_swap_addr(&s, part->first),
				   part->nr).cached);
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_THP(s.tm, s.thp);
	KUNIT_EXPECT_EQ(test, s.disk->reads, (unsigned long)TEST_PMD_NR);
}

/* A write would be a fault of its own: whoever looks, finds a guard. */
static void expect_guarded(struct test_mm *tm, unsigned long addr)
{
	char byte = 0;

	KUNIT_EXPECT_EQ(tm->test, -EFAULT, test_mm_read(tm, &byte, addr, 1));
	KUNIT_EXPECT_EQ(tm->test, -EFAULT, test_mm_write(tm, addr, &byte, 1));
}

static void pmd_swap_walk_madvise_guard(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp other = test_pmd_swap_map(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);

	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(tm, thp.addr, PMD_SIZE,
						 MADV_GUARD_INSTALL));

	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_count_ptes(tm, thp.addr, TEST_PMD_NR).marker);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 0);
	TEST_EXPECT_RSS(stat, 0, -TEST_PMD_NR);
	/* The deposit is gone, and there is a table of markers. */
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	expect_deposits(tm, thp.addr, 1);
	expect_guarded(tm, thp.addr);
	expect_guarded(tm, thp.addr + PMD_SIZE - PAGE_SIZE);

	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(tm, thp.addr, PMD_SIZE,
						 MADV_GUARD_REMOVE));
	TEST_EXPECT_ZERO(tm, thp.addr, TEST_PMD_NR);
	TEST_EXPECT_THP(tm, other);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
}

static void pmd_swap_walk_madvise_guard_part(struct kunit *test)
{
	const struct part *part = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp other = test_pmd_swap_map(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);

	KUNIT_ASSERT_EQ(test, 0,
			advise_part(tm, thp, part, MADV_GUARD_INSTALL));

	KUNIT_ASSERT_TRUE(test, test_has_pte_table(tm, thp.addr));
	KUNIT_EXPECT_EQ(test, part->nr,
			test_count_ptes(tm, thp.addr, TEST_PMD_NR).marker);
	expect_part_freed(tm, thp, first, part);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 2 * TEST_PMD_NR - part->nr);
	TEST_EXPECT_RSS(stat, 0, -part->nr);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	expect_guarded(tm, thp.addr + part->first * PAGE_SIZE);

	KUNIT_ASSERT_EQ(test, 0,
			advise_part(tm, thp, part, MADV_GUARD_REMOVE));
	expect_part_gone(tm, thp, part);
	TEST_EXPECT_THP(tm, other);
}

static int collapse(struct test_mm *tm, unsigned long addr, unsigned long len)
{
	int ret = -EAGAIN;
	int tries;

	/* On a slow device it may be told to come back when it has been read. */
	for (tries = 0; tries < COLLAPSE_TRIES; tries++) {
		ret = test_mm_madvise(tm, addr, len, MADV_COLLAPSE);
		if (ret != -EAGAIN)
			return ret;
		wait_for_reads(tm, addr, len / PAGE_SIZE);
	}
	return ret;
}

/*
 * "All non-resident pages will first be swapped in": success says that a huge
 * page is there. So it says of PTEs, which @split makes the same case of.
 */
static void expect_collapse(struct kunit *test, bool split)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	test_pmd_swap_out(tm, thp);
	if (split) {
		test_pmd_swap_split(tm, thp);
		KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(tm, thp.addr,
							 PMD_SIZE / 2,
							 MADV_DOFORK));
	}

	KUNIT_ASSERT_EQ(test, 0, collapse(tm, thp.addr, PMD_SIZE));

	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	expect_deposits(tm, thp.addr, 1);
	TEST_EXPECT_THP(tm, thp);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
	TEST_EXPECT_THP(tm, thp);
}

static void pmd_swap_walk_madvise_collapse(struct kunit *test)
{
	expect_collapse(test, false);
}

/* The truth that the case before is held to. */
static void pmd_swap_walk_madvise_collapse_ptes(struct kunit *test)
{
	expect_collapse(test, true);
}

static void pmd_swap_walk_madvise_collapse_shared(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_mm *child = test_mm_fork(tm);
	u32 seed;

	KUNIT_ASSERT_EQ(test, 0, collapse(child, thp.addr, PMD_SIZE));

	KUNIT_EXPECT_TRUE(test, test_is_thp(child, thp.addr));
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(child->mm, MM_SWAPENTS), 0L);
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	seed = rewrite_page(child, thp, 3);
	expect_rewritten(child, thp, 3, seed);
	TEST_EXPECT_THP(tm, thp);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
}

/*
 * No fault would make a huge page here, as transparent_hugepage/enabled says
 * madvise, and MADV_COLLAPSE does not ask. The entry cannot be read in as a
 * whole, and has to be collapsed from small pages.
 */
static void pmd_swap_walk_madvise_collapse_not_by_fault(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_stat *stat;
	struct test_thp thp;

	test_pmd_swap_on(tm);
	thp.addr = test_mm_map(tm, PMD_SIZE, PROT_READ | PROT_WRITE, 0);
	thp.seed = test_pattern_new_seed();
	KUNIT_ASSERT_EQ(test, 0, test_pattern_fill(tm, thp.addr, TEST_PMD_NR,
						   thp.seed, 0));
	KUNIT_ASSERT_EQ(test, 0, collapse(tm, thp.addr, PMD_SIZE));
	KUNIT_ASSERT_TRUE(test, test_is_thp(tm, thp.addr));
	stat = test_stat_begin(tm);
	test_pmd_swap_out(tm, thp);

	KUNIT_ASSERT_EQ(test, 0, collapse(tm, thp.addr, PMD_SIZE));

	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	TEST_EXPECT_THP(tm, thp);
}

/* Another process has one page in the swap cache: small pages again. */
static void pmd_swap_walk_madvise_collapse_mixed(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *child;

	pmd_swap_go_out(&s);
	child = fork_and_split(&s);
	cache_one_page(&s, child, 5);

	KUNIT_ASSERT_EQ(test, 0, collapse(s.tm, s.thp.addr, PMD_SIZE));

	expect_back_huge(&s);
	TEST_EXPECT_THP(child, s.thp);
}

/*
 * It must not say that a huge page is there when swapoff() was in the way. As it
 * is made here the entry has stayed, so the next try has something to do.
 */
static void pmd_swap_walk_madvise_collapse_swapoff(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_stat *stat;
	pmd_t pmd;
	int ret;

	pmd_swap_go_out(&s);
	stat = test_stat_begin(s.tm);
	pmd = test_pmd(s.tm, s.thp.addr);
	swap_device_kill(s.swap);
	ret = test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE, MADV_COLLAPSE);
	swap_device_revive(s.swap);

	KUNIT_EXPECT_EQ(test, ret, -EAGAIN);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0UL);
	expect_left_alone(s.tm, s.thp, stat, pmd);
	KUNIT_ASSERT_EQ(test, 0, collapse(s.tm, s.thp.addr, PMD_SIZE));
	expect_back_huge(&s);
}

/* Two entries and a hole between: nothing of it may be passed over. */
static void pmd_swap_walk_madvise_collapse_many(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	unsigned long addr = test_thp_reserve(tm, 2);
	u32 seed = test_pattern_new_seed();
	struct test_stat *stat;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0,
			test_pattern_fill(tm, addr, 2 * TEST_PMD_NR, seed, 0));
	stat = test_stat_begin(tm);
	for (i = 0; i < 2; i++) {
		struct test_thp thp = { .addr = addr + i * PMD_SIZE };

		test_pmd_swap_out(tm, thp);
	}

	KUNIT_ASSERT_EQ(test, 0, collapse(tm, addr, 2 * PMD_SIZE));

	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, addr));
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, addr + PMD_SIZE));
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_PATTERN(tm, addr, 2 * TEST_PMD_NR, seed);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
}

struct populate {
	const char *name;
	int advice;
	int first;
	int nr;
	bool cached;
};

static const struct populate populates[] = {
	{ "read", MADV_POPULATE_READ, 0, HPAGE_PMD_NR },
	{ "read, cached", MADV_POPULATE_READ, 0, HPAGE_PMD_NR, true },
	{ "read, last page", MADV_POPULATE_READ, HPAGE_PMD_NR - 1, 1 },
	{ "write", MADV_POPULATE_WRITE, 0, HPAGE_PMD_NR },
	{ "write, cached", MADV_POPULATE_WRITE, 0, HPAGE_PMD_NR, true },
	{ "write, page inside", MADV_POPULATE_WRITE, 5, 1 },
};

KUNIT_ARRAY_PARAM_DESC(populate, populates, name);

static void pmd_swap_walk_madvise_populate(struct kunit *test)
{
	const struct populate *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);

	if (row->cached)
		pmd_swap_go_out_cached(&s);
	else
		pmd_swap_go_out(&s);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(s.tm, pmd_swap_addr(&s, row->first),
					row->nr * PAGE_SIZE, row->advice));

	KUNIT_EXPECT_TRUE(test, is_mapped(s.tm, s.thp.addr,
					  row->advice == MADV_POPULATE_WRITE));
	KUNIT_EXPECT_EQ(test, s.disk->reads,
			row->cached ? 0UL : (unsigned long)TEST_PMD_NR);
	expect_back_huge(&s);
}

/* MADV_POPULATE_WRITE breaks what is shared; MADV_POPULATE_READ does not. */
static void pmd_swap_walk_madvise_populate_shared(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *child;
	u32 seed;

	pmd_swap_go_out(&s);
	child = test_mm_fork(s.tm);

	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						 MADV_POPULATE_WRITE));

	expect_rss_as_mapped(&s);
	KUNIT_EXPECT_TRUE(test, is_mapped(s.tm, s.thp.addr, true));
	KUNIT_EXPECT_TRUE(test, is_mapped(s.tm, pmd_swap_addr(&s, HALF), true));
	TEST_EXPECT_THP(s.tm, s.thp);
	seed = rewrite_page(s.tm, s.thp, 3);
	expect_rewritten(s.tm, s.thp, 3, seed);
	TEST_EXPECT_THP(child, s.thp);
}

/* Advice to fork(): the child gets nothing of the entry, the parent keeps it. */
struct fork_advice {
	const char *name;
	int advice;
	int undo;
	bool mapped;
};

static const struct fork_advice fork_advices[] = {
	{ "dontfork", MADV_DONTFORK, MADV_DOFORK, false },
	{ "wipeonfork", MADV_WIPEONFORK, MADV_KEEPONFORK, true },
};

KUNIT_ARRAY_PARAM_DESC(fork_advice, fork_advices, name);

static void pmd_swap_walk_madvise_fork(struct kunit *test)
{
	const struct fork_advice *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	pmd_t pmd = test_pmd(tm, thp.addr);
	struct test_mm *child;
	char byte;

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE, row->advice));
	child = test_mm_fork(tm);

	expect_left_alone(tm, thp, stat, pmd);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(child->mm, MM_SWAPENTS), 0L);
	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(child, thp.addr)));
	if (row->mapped)
		TEST_EXPECT_ZERO(child, thp.addr, TEST_PMD_NR);
	else
		KUNIT_EXPECT_EQ(test, -EFAULT,
				test_mm_read(child, &byte, thp.addr, 1));
	test_mm_exit(child);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE, row->undo));
	child = test_mm_fork(tm);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 2);
	TEST_EXPECT_THP(child, thp);
	TEST_EXPECT_THP(tm, thp);
	test_mm_exit(child);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
}

/* Advice to another process, by one that has memory at the same address. */
struct remote {
	const char *name;
	int advice;
	int cached;	/* slots, afterwards */
};

static const struct remote remotes[] = {
	{ "cold", MADV_COLD, 0 },
	{ "pageout", MADV_PAGEOUT, 0 },
	{ "willneed", MADV_WILLNEED, HPAGE_PMD_NR },
};

KUNIT_ARRAY_PARAM_DESC(remote, remotes, name);

/* process_madvise() of a whole huge page. */
static long advise_remote(struct test_mm *actor, struct test_mm *tm,
			  unsigned long addr, int advice)
{
	struct iovec iov = {
		.iov_base = (void __user *)addr,
		.iov_len = PMD_SIZE,
	};
	pid_t pid = task_tgid_nr(test_mm_task(tm));
	unsigned long vec = test_mm_put_arg(actor, &iov, sizeof(iov));
	long fd = test_sys_pidfd_open(pid, 0);
	struct test_mm *old;
	long ret;

	KUNIT_ASSERT_GE_MSG(tm->test, fd, 0L, "pidfd_open");
	old = test_mm_use(actor);
	ret = test_sys_process_madvise(fd, vec, 1, advice, 0);
	test_mm_use(old);
	close_fd(fd);
	flush_delayed_fput();
	return ret;
}

static void pmd_swap_walk_madvise_remote(struct kunit *test)
{
	const struct remote *row = test->param_value;
	struct test_mm *actor = test_mm_create(test);
	struct test_thp bystander = test_thp_map(actor);
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_stat *stat;
	pmd_t pmd;

	KUNIT_ASSERT_EQ(test, s.thp.addr, bystander.addr);
	pmd_swap_go_out(&s);
	stat = test_stat_begin(s.tm);
	pmd = test_pmd(s.tm, s.thp.addr);

	KUNIT_ASSERT_EQ(test, (long)PMD_SIZE,
			advise_remote(actor, s.tm, s.thp.addr, row->advice));

	expect_left_alone(s.tm, s.thp, stat, pmd);
	KUNIT_EXPECT_EQ(test, row->cached,
			test_slots(s.tm, s.thp.addr, TEST_PMD_NR).cached);
	fault_until_mapped(s.tm, s.thp.addr, 0);
	expect_back_huge(&s);
	TEST_EXPECT_THP(actor, bystander);
}

/* The same to collapse: of the other's memory, not of one's own. */
static void pmd_swap_walk_madvise_remote_collapse(struct kunit *test)
{
	struct test_mm *actor = test_mm_create(test);
	struct test_thp bystander = test_thp_map(actor);
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);

	KUNIT_ASSERT_EQ(test, s.thp.addr, bystander.addr);
	pmd_swap_go_out(&s);

	KUNIT_ASSERT_EQ(test, (long)PMD_SIZE,
			advise_remote(actor, s.tm, s.thp.addr, MADV_COLLAPSE));

	expect_back_huge(&s);
	TEST_EXPECT_THP(actor, bystander);
}

static int pmd_swap_walk_madvise_init(struct kunit *test)
{
	test_pmd_swap_require(test);
	return 0;
}

static struct kunit_case pmd_swap_walk_madvise_cases[] = {
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_left_alone, idle_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_left_alone_cached,
			 idle_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_free,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_free_drops_folio,
			 test_pmd_swap_cached_gen_params),
	KUNIT_CASE(pmd_swap_walk_madvise_free_shared),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_free_part, part_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_free_half,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_walk_madvise_free_across),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_willneed, speed_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_willneed_cached,
			 speed_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_willneed_part, part_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_willneed_small,
			 small_gen_params),
	KUNIT_CASE(pmd_swap_walk_madvise_willneed_swapoff),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_willneed_without_count,
			 part_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_guard,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_guard_part, part_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_collapse,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_collapse_ptes,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_collapse_shared,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_walk_madvise_collapse_not_by_fault),
	KUNIT_CASE(pmd_swap_walk_madvise_collapse_mixed),
	KUNIT_CASE(pmd_swap_walk_madvise_collapse_swapoff),
	KUNIT_CASE(pmd_swap_walk_madvise_collapse_many),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_populate, populate_gen_params),
	KUNIT_CASE(pmd_swap_walk_madvise_populate_shared),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_fork, fork_advice_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_madvise_remote, remote_gen_params),
	KUNIT_CASE(pmd_swap_walk_madvise_remote_collapse),
	{}
};

static struct kunit_suite pmd_swap_walk_madvise_suite = {
	.name = "pmd_swap_walk_madvise",
	.init = pmd_swap_walk_madvise_init,
	.test_cases = pmd_swap_walk_madvise_cases,
};

kunit_test_suite(pmd_swap_walk_madvise_suite);

MODULE_DESCRIPTION("KUnit suite for madvise() on PMD swap entries");
MODULE_LICENSE("GPL");
