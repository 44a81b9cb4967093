// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "pmd_swap_in": a page fault on a PMD swap entry.
 *
 *	tools/testing/kunit/kunit.py run --kernel_args=ubd0=<file> pmd_swap_in
 *
 * One fault brings back the whole huge page where its slots are alike. Where
 * they are not, or where something of the size of a huge page is missing, the
 * entry is split and the fault goes on page by page. Whatever happens, the data
 * is right and the number of faults is bounded.
 *
 * Entered through handle_mm_fault(), fork(), madvise() and GUP. Slots and the
 * swap cache are touched directly only to make a state that would need a race.
 */
#include <kunit/test.h>
#include <linux/blkdev.h>
#include <linux/userfaultfd_k.h>

#include "fixtures/inject.h"
#include "fixtures/memcg.h"
#include "fixtures/thread.h"
#include "pmd_swap_helpers.h"

#define MIDDLE	(TEST_PMD_NR / 2)
#define LAST	(TEST_PMD_NR - 1)

/* One access, on one kind of device. */
struct access_row {
	const char *name;
	blk_features_t features;
	unsigned int page;
	unsigned int flags;
};

static const struct access_row access_rows[] = {
	{ "synchronous, read first page", DISK_SYNC, 0, 0 },
	{ "synchronous, read last page", DISK_SYNC, LAST, 0 },
	{ "synchronous, write middle page", DISK_SYNC, MIDDLE,
	  FAULT_FLAG_WRITE },
	{ "asynchronous, read middle page", DISK_ASYNC, MIDDLE, 0 },
	{ "asynchronous, write first page", DISK_ASYNC, 0, FAULT_FLAG_WRITE },
	{ "asynchronous, write last page", DISK_ASYNC, LAST, FAULT_FLAG_WRITE },
};

KUNIT_ARRAY_PARAM_DESC(access, access_rows, name);

static void pmd_swap_in_uncached(struct kunit *test)
{
	const struct access_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	unsigned long swpin;
	vm_fault_t ret;

	pmd_swap_go_out(&s);
	test_stat_restart(s.stat);
	swpin = mthp_stat(HPAGE_PMD_ORDER, MTHP_STAT_SWPIN);

	ret = test_mm_fault(s.tm, pmd_swap_addr(&s, row->page), row->flags);

	KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
	KUNIT_EXPECT_NE_MSG(test, ret & VM_FAULT_MAJOR, 0, "not a major fault");
	KUNIT_EXPECT_TRUE(test, is_mapped(s.tm, pmd_swap_addr(&s, row->page),
					  row->flags));
	KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	TEST_EXPECT_RSS(s.stat, TEST_PMD_NR, -TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(s.stat), 0);
	TEST_EXPECT_THP(s.tm, s.thp);
	/* All of it was read, once, and by the one fault above. */
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
	TEST_EXPECT_EVENT(s.stat, "pswpin", TEST_PMD_NR);
	TEST_EXPECT_EVENT(s.stat, "pgmajfault", 1);
	EXPECT_EVENT_IF_ANY(s.stat, "thp_swpin", 1);
	KUNIT_EXPECT_EQ(test, mthp_stat(HPAGE_PMD_ORDER, MTHP_STAT_SWPIN),
			swpin + 1);
	KUNIT_EXPECT_EQ(test, test_smaps_kb(s.tm, s.thp.addr, "AnonHugePages"),
			PMD_SIZE / SZ_1K);
	KUNIT_EXPECT_EQ(test, test_smaps_kb(s.tm, s.thp.addr, "Swap"), 0);
}

static void pmd_swap_in_cached(struct kunit *test)
{
	const struct access_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	vm_fault_t ret;

	pmd_swap_go_out_cached(&s);

	ret = test_mm_fault(s.tm, pmd_swap_addr(&s, row->page), row->flags);

	KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
	KUNIT_EXPECT_EQ_MSG(test, ret & VM_FAULT_MAJOR, 0, "a major fault");
	KUNIT_EXPECT_TRUE(test, is_mapped(s.tm, pmd_swap_addr(&s, row->page),
					  row->flags));
	expect_back_huge(&s);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0);
	TEST_EXPECT_EVENT(s.stat, "pgmajfault", 0);
}

/* Devices of the machine itself; twice, as the second trip finds a used area. */
static void pmd_swap_in_round_trip(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	int trip;

	for (trip = 0; trip < 2; trip++) {
		u32 seed;

		test_pmd_swap_out(tm, thp);
		TEST_EXPECT_RSS(stat, -TEST_PMD_NR, TEST_PMD_NR);
		TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
		KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
		KUNIT_EXPECT_EQ(test, test_smaps_kb(tm, thp.addr, "Swap"),
				PMD_SIZE / SZ_1K);

		fault_until_mapped(tm, thp.addr, FAULT_FLAG_WRITE);
		KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
		TEST_EXPECT_RSS(stat, 0, 0);
		TEST_EXPECT_THP(tm, thp);
		KUNIT_EXPECT_EQ(test,
				test_smaps_kb(tm, thp.addr, "AnonHugePages"),
				PMD_SIZE / SZ_1K);

		seed = test_pattern_new_seed();
		KUNIT_ASSERT_EQ(test, 0, test_pattern_fill(tm, thp.addr,
							   TEST_PMD_NR, seed,
							   0));
		thp.seed = seed;
	}
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	/* In the swap cache of a slow device it may have kept its slots. */
	KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(tm, thp.addr, PMD_SIZE));
	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, 0);
}

/* No page of it was ever written: no I/O in either direction. */
static void pmd_swap_in_all_zero(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	char zero[64] = {};
	int i;

	for (i = 0; i < TEST_PMD_NR * PAGE_SIZE; i += sizeof(zero))
		KUNIT_ASSERT_EQ(test, 0, test_mm_write(s.tm, s.thp.addr + i,
						       zero, sizeof(zero)));
	s.thp.seed = 0;
	s.disk->writes = 0;
	pmd_swap_go_out(&s);
	KUNIT_EXPECT_EQ(test, s.disk->writes, 0);

	fault_until_mapped(s.tm, s.thp.addr, 0);

	KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_ZERO(s.tm, s.thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0);
	TEST_EXPECT_EVENT(s.stat, "swpin_zero", TEST_PMD_NR);
}

/* One page of the range differs from the others, another one is touched. */
struct page_row {
	const char *name;
	unsigned int odd;
	unsigned int page;
};

static const struct page_row page_rows[] = {
	{ "first, touched", 0, 0 },
	{ "first, middle touched", 0, MIDDLE },
	{ "second, first touched", 1, 0 },
	{ "middle, last touched", MIDDLE, LAST },
	{ "last, first touched", LAST, 0 },
	{ "last, touched", LAST, LAST },
};

KUNIT_ARRAY_PARAM_DESC(page, page_rows, name);

static void pmd_swap_in_order0_cached(struct kunit *test)
{
	const struct page_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *child;

	pmd_swap_go_out(&s);
	child = fork_and_split(&s);
	cache_one_page(&s, child, row->odd);

	fault_until_mapped(s.tm, pmd_swap_addr(&s, row->page), 0);

	expect_split(&s);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_THP(child, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), 0);
}

/*
 * The child reads the page that is all zero, and reclaim writes it out once
 * more: it finds that there is nothing to write, and marks the slot.
 */
static void pmd_swap_in_mixed_zero(struct kunit *test)
{
	const struct page_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	unsigned long addr = pmd_swap_addr(&s, row->odd);
	struct test_mm *child;
	struct folio *folio;

	KUNIT_ASSERT_EQ(test, 0, test_pattern_fill(s.tm, addr, 1, 0, 0));
	pmd_swap_go_out(&s);
	child = fork_and_split(&s);
	cache_one_page(&s, child, row->odd);
	folio = test_folio_get(child, addr);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	folio_mark_dirty_lock(folio);
	folio_put(folio);
	KUNIT_ASSERT_EQ(test, 0, test_pageout(child, addr, 1));
	TEST_EXPECT_EVENT(s.stat, "swpout_zero", 1);
	KUNIT_ASSERT_EQ(test, test_slots(s.tm, s.thp.addr, TEST_PMD_NR).cached,
			0);

	/* The read of a folio warns about slots that differ. */
	kunit_warning_suppress(test) {
		fault_until_mapped(s.tm, pmd_swap_addr(&s, row->page), 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}

	expect_split(&s);
	expect_zero_at(s.tm, s.thp, row->odd);
	expect_zero_at(child, s.thp, row->odd);
	TEST_EXPECT_EVENT(s.stat, "swpin_zero", 1);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

#ifdef CONFIG_MEMCG
/* Let a slot be charged to another cgroup; what it was charged to before. */
static unsigned short set_slot_memcg(struct test_swap *swap, softleaf_t entry,
				     unsigned short id)
{
	struct swap_cluster_info *ci;
	unsigned short old;

	ci = swap_cluster_lock(swap->si, swp_offset(entry));
	old = __swap_cgroup_get(ci, swp_cluster_offset(entry));
	__swap_cgroup_set(ci, swp_cluster_offset(entry), 1, id);
	swap_cluster_unlock(ci);
	return old;
}
#else
static unsigned short set_slot_memcg(struct test_swap *swap, softleaf_t entry,
				     unsigned short id)
{
	return 0;
}
#endif

static const struct page_row other_page_rows[] = {
	{ "first, second touched", 0, 1 },
	{ "second, first touched", 1, 0 },
	{ "middle, last touched", MIDDLE, LAST },
	{ "last, first touched", LAST, 0 },
};

KUNIT_ARRAY_PARAM_DESC(other_page, other_page_rows, name);

static void pmd_swap_in_mixed_memcg(struct kunit *test)
{
	const struct page_row *row = test->param_value;
	struct test_memcg *memcg = test_memcg_create(test);
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	unsigned short id = test_memcg_id(s.tm);
	unsigned long addr;
	softleaf_t odd;

	/* A cgroup of its own, or there is nothing to tell apart. */
	s.tm = test_mm_fork(s.tm);
	test_memcg_add(memcg, s.tm);
	KUNIT_ASSERT_NE(test, test_memcg_id(s.tm), id);
	s.thp = test_thp_map(s.tm);
	s.stat = test_stat_begin(s.tm);
	pmd_swap_go_out(&s);
	odd = test_softleaf(s.tm, pmd_swap_addr(&s, row->odd));
	addr = pmd_swap_addr(&s, row->page);
	id = set_slot_memcg(s.swap, odd, id);
	KUNIT_EXPECT_EQ(test, id, test_memcg_id(s.tm));

	/* Not fault_until_mapped(), which may abort: the slot is not real. */
	KUNIT_EXPECT_EQ(test, test_mm_fault(s.tm, addr, 0) & VM_FAULT_ERROR, 0);
	KUNIT_EXPECT_TRUE(test, is_mapped(s.tm, addr, false));
	KUNIT_EXPECT_TRUE(test, test_has_pte_table(s.tm, addr));

	set_slot_memcg(s.swap, odd, id);
	expect_split(&s);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

/*
 * A count drops to 0 when somebody zaps the range while a fault that has read
 * the PMD before is on its way. The fault must not map what is in such a slot.
 */
static void pmd_swap_in_slot_without_count(struct kunit *test)
{
	const struct page_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	vm_fault_t ret = 0;
	softleaf_t odd;
	int nr;

	pmd_swap_go_out(&s);
	odd = test_softleaf(s.tm, pmd_swap_addr(&s, row->odd));
	set_slot_count(s.swap, odd, 0);

	for (nr = 0; nr < MAX_FAULTS; nr++)
		ret |= test_mm_fault(s.tm, pmd_swap_addr(&s, row->page), 0);

	KUNIT_EXPECT_FALSE(test, is_mapped(s.tm, pmd_swap_addr(&s, row->odd),
					   false));
	if (row->odd != row->page) {
		KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
		KUNIT_EXPECT_TRUE(test, is_mapped(s.tm,
						  pmd_swap_addr(&s, row->page),
						  false));
	}
	expect_rss_as_mapped(&s);
	/* Nothing was lost. */
	set_slot_count(s.swap, odd, 1);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

static void pmd_swap_in_no_huge_page(struct kunit *test)
{
	const struct access_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	unsigned long fallback;
	struct test_inject *inject;
	vm_fault_t ret;

	pmd_swap_go_out(&s);
	fallback = mthp_stat(HPAGE_PMD_ORDER, MTHP_STAT_SWPIN_FALLBACK);

	/* The first page that a fault on a PMD swap entry asks for. */
	inject = test_inject_begin(s.tm, TEST_INJECT_PAGES, "handle_mm_fault",
				   0, TEST_INJECT_HUGE_PAGE);
	ret = test_mm_fault(s.tm, pmd_swap_addr(&s, row->page), row->flags);
	KUNIT_EXPECT_EQ_MSG(test, test_inject_end(inject), TEST_INJECT_HUGE_PAGE,
			    "allocations that have failed");

	KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
	KUNIT_EXPECT_EQ(test,
			mthp_stat(HPAGE_PMD_ORDER, MTHP_STAT_SWPIN_FALLBACK),
			fallback + 1);
	EXPECT_EVENT_IF_ANY(s.stat, "thp_swpin_fallback", 1);
	KUNIT_EXPECT_TRUE(test, is_mapped(s.tm, pmd_swap_addr(&s, row->page),
					  row->flags));
	expect_split(&s);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

static void pmd_swap_in_no_page_at_all(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_inject *inject;
	vm_fault_t ret;

	pmd_swap_go_out(&s);

	inject = test_inject_begin(s.tm, TEST_INJECT_PAGES, "handle_mm_fault",
				   0, TEST_INJECT_ALWAYS);
	ret = test_mm_fault(s.tm, s.thp.addr, 0);
	KUNIT_EXPECT_GE(test, test_inject_end(inject), 1);

	KUNIT_EXPECT_NE(test, ret & VM_FAULT_OOM, 0);
	expect_rss_as_mapped(&s);
	TEST_EXPECT_SLOTS(s.tm, s.thp.addr, TEST_PMD_NR, 1);
	/* It is no worse off than before. */
	fault_until_mapped(s.tm, s.thp.addr, 0);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

static void pmd_swap_in_no_charge(struct kunit *test)
{
	struct test_memcg *memcg = test_memcg_create(test);
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	unsigned long fallback;

	s.tm = test_mm_fork(s.tm);
	test_memcg_add(memcg, s.tm);
	s.thp = test_thp_map(s.tm);
	s.stat = test_stat_begin(s.tm);
	pmd_swap_go_out(&s);
	fallback = mthp_stat(HPAGE_PMD_ORDER, MTHP_STAT_SWPIN_FALLBACK_CHARGE);

	/* Enough for a page, and not for a huge page. */
	test_memcg_set(memcg, "memory.max", "1M");
	fault_until_mapped(s.tm, pmd_swap_addr(&s, 3), 0);
	test_memcg_set(memcg, "memory.max", "max");

	KUNIT_EXPECT_EQ(test, mthp_stat(HPAGE_PMD_ORDER,
					MTHP_STAT_SWPIN_FALLBACK_CHARGE),
			fallback + 1);
	expect_split(&s);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), 0);
}

/* What is zapped while a fault on it is under way, and may not be read. */
struct zap_row {
	const char *name;
	unsigned int first;
	unsigned int nr;
	bool bad;
};

static const struct zap_row zap_rows[] = {
	{ "all of it", 0, HPAGE_PMD_NR, false },
	{ "the half that is touched", 0, HPAGE_PMD_NR / 2, false },
	{ "the other half", HPAGE_PMD_NR / 2, HPAGE_PMD_NR / 2, false },
	{ "one page", HPAGE_PMD_NR - 1, 1, false },
};

KUNIT_ARRAY_PARAM_DESC(zap, zap_rows, name);

static void zap(struct pmd_swap *s, const struct zap_row *row)
{
	KUNIT_EXPECT_EQ(s->tm->test, 0,
			test_mm_madvise(s->tm, pmd_swap_addr(s, row->first),
					row->nr * PAGE_SIZE, MADV_DONTNEED));
}

static void expect_zapped(struct pmd_swap *s, const struct zap_row *row)
{
	unsigned int end = row->first + row->nr;
	struct kunit *test = s->tm->test;

	expect_rss_as_mapped(s);
	TEST_EXPECT_PATTERN(s->tm, s->thp.addr, row->first, s->thp.seed);
	TEST_EXPECT_ZERO(s->tm, pmd_swap_addr(s, row->first), row->nr);
	TEST_EXPECT_PATTERN_AT(s->tm, pmd_swap_addr(s, end), TEST_PMD_NR - end,
			       s->thp.seed, end);
	expect_rss_as_mapped(s);
	/* On an asynchronous device what is mapped is still cached as well. */
	KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(s->tm, s->thp.addr, PMD_SIZE));
	KUNIT_EXPECT_EQ(test, test_swap_used(s->swap), 0);
	TEST_EXPECT_RSS(s->stat, -TEST_PMD_NR, 0);
}

static const struct zap_row zap_read_rows[] = {
	{ "all of it", 0, HPAGE_PMD_NR, false },
	{ "the half that is touched", 0, HPAGE_PMD_NR / 2, false },
	{ "the other half", HPAGE_PMD_NR / 2, HPAGE_PMD_NR / 2, false },
	{ "one page", HPAGE_PMD_NR - 1, 1, false },
	{ "all of it, read error", 0, HPAGE_PMD_NR, true },
	{ "one page, read error", HPAGE_PMD_NR - 1, 1, true },
};

KUNIT_ARRAY_PARAM_DESC(zap_read, zap_read_rows, name);

static void pmd_swap_in_zapped_during_read(struct kunit *test)
{
	const struct zap_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_fault_thread *thread;
	vm_fault_t ret;

	pmd_swap_go_out(&s);
	if (row->bad)
		s.disk->bad_page = swp_offset(first_slot(&s)) + row->first;
	test_disk_hold(s.disk, TEST_DISK_READS);
	thread = test_fault_start(s.tm, s.thp.addr, 0);
	KUNIT_EXPECT_TRUE(test, test_fault_sleeps(thread));
	KUNIT_EXPECT_TRUE_MSG(test, test_disk_is_holding(s.disk),
			      "nothing is read");
	zap(&s, row);
	test_disk_release(s.disk);
	s.disk->bad_page = TEST_DISK_NO_PAGE;
	ret = test_fault_wait(thread);

	KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
	KUNIT_EXPECT_FALSE_MSG(test, test_is_thp(s.tm, s.thp.addr),
			       "what was zapped is mapped again");
	expect_zapped(&s, row);
}

static void pmd_swap_in_zapped_before_lock(struct kunit *test)
{
	const struct zap_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct test_fault_thread *thread;
	struct folio *folio;
	vm_fault_t ret;

	pmd_swap_go_out_cached(&s);
	folio = get_cached(&s);
	folio_lock(folio);
	thread = test_fault_start(s.tm, s.thp.addr, 0);
	KUNIT_EXPECT_TRUE_MSG(test, test_fault_sleeps(thread),
			      "the fault does not wait for the folio");
	zap(&s, row);
	folio_unlock(folio);
	folio_put(folio);
	ret = test_fault_wait(thread);

	KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
	KUNIT_EXPECT_FALSE_MSG(test, test_is_thp(s.tm, s.thp.addr),
			       "what was zapped is mapped again");
	expect_zapped(&s, row);
}

/* Whether the fault keeps what it knows while it waits, or starts again. */
struct wait_row {
	const char *name;
	unsigned int flags;
};

static const struct wait_row wait_rows[] = {
	{ "keeping the lock", 0 },
	{ "starting again", FAULT_FLAG_DEFAULT },
};

KUNIT_ARRAY_PARAM_DESC(wait, wait_rows, name);

static void pmd_swap_in_left_cache(struct kunit *test)
{
	const struct wait_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct test_fault_thread *thread;
	struct folio *folio;
	vm_fault_t ret;

	pmd_swap_go_out_cached(&s);
	folio = get_cached(&s);
	folio_lock(folio);
	thread = test_fault_start(s.tm, s.thp.addr, row->flags);
	KUNIT_EXPECT_TRUE_MSG(test, test_fault_sleeps(thread),
			      "the fault does not wait for the folio");
	/* As reclaim does; it is written, so nothing is lost. */
	KUNIT_EXPECT_FALSE(test, folio_test_dirty(folio));
	swap_cache_del_folio(folio);
	folio_unlock(folio);
	folio_put(folio);
	ret = test_fault_wait(thread);

	KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
	fault_until_mapped(s.tm, s.thp.addr, 0);
	expect_back_huge(&s);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}

static void pmd_swap_in_replaced_in_cache(struct kunit *test)
{
	const struct wait_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_fault_thread *thread;
	struct test_mm *child;
	struct folio *folio;
	vm_fault_t ret;

	pmd_swap_go_out_cached(&s);
	child = fork_and_split(&s);
	folio = get_cached(&s);
	folio_lock(folio);
	thread = test_fault_start(s.tm, s.thp.addr, row->flags);
	KUNIT_EXPECT_TRUE_MSG(test, test_fault_sleeps(thread),
			      "the fault does not wait for the folio");
	swap_cache_del_folio(folio);
	cache_one_page(&s, child, 0);
	folio_unlock(folio);
	folio_put(folio);
	ret = test_fault_wait(thread);

	KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
	fault_until_mapped(s.tm, s.thp.addr, 0);
	expect_split(&s);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_THP(child, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

/*
 * Somebody else reads a page of it while the huge page is being allocated. One
 * fault is enough nevertheless, and nothing is read twice.
 */
static void pmd_swap_in_other_reads_first(struct kunit *test)
{
	const struct page_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_fault_thread *thread;
	struct other_reader reader;
	vm_fault_t ret;

	pmd_swap_go_out(&s);
	other_reader_begin(&reader, s.tm, pmd_swap_addr(&s, row->odd));
	thread = test_fault_start(s.tm, pmd_swap_addr(&s, row->page), 0);
	/* For its own page, or because it has found it in place of all. */
	KUNIT_EXPECT_EQ(test, test_fault_sleeps(thread),
			row->odd == 0 || row->odd == row->page);
	KUNIT_EXPECT_TRUE(test, other_reader_end(&reader));
	ret = test_fault_wait(thread);

	KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
	KUNIT_EXPECT_TRUE(test, is_mapped(s.tm, pmd_swap_addr(&s, row->page),
					  false));
	expect_split(&s);
	TEST_EXPECT_THP(s.tm, s.thp);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

/* Two processes that share the slots want them at once: one read for both. */
static void pmd_swap_in_two_at_once(struct kunit *test)
{
	const struct wait_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct test_fault_thread *first, *second;
	struct folio *folio, *folio2;
	struct test_stat *stat2;
	struct test_mm *child;

	pmd_swap_go_out(&s);
	child = test_mm_fork(s.tm);
	stat2 = test_stat_begin(child);
	test_disk_hold(s.disk, TEST_DISK_READS);
	first = test_fault_start(s.tm, s.thp.addr, row->flags);
	KUNIT_EXPECT_TRUE(test, test_fault_sleeps(first));
	KUNIT_EXPECT_TRUE(test, test_disk_is_holding(s.disk));
	second = test_fault_start(child, s.thp.addr, row->flags);
	KUNIT_EXPECT_TRUE(test, test_fault_sleeps(second));
	test_disk_release(s.disk);
	KUNIT_EXPECT_EQ(test, test_fault_wait(first) & VM_FAULT_ERROR, 0);
	KUNIT_EXPECT_EQ(test, test_fault_wait(second) & VM_FAULT_ERROR, 0);

	fault_until_mapped(s.tm, s.thp.addr, 0);
	fault_until_mapped(child, s.thp.addr, 0);
	expect_back_huge(&s);
	KUNIT_EXPECT_TRUE(test, test_is_thp(child, s.thp.addr));
	TEST_EXPECT_RSS(stat2, TEST_PMD_NR, -TEST_PMD_NR);
	TEST_EXPECT_THP(child, s.thp);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
	folio = test_folio_get(s.tm, s.thp.addr);
	folio2 = test_folio_get(child, s.thp.addr);
	KUNIT_EXPECT_PTR_EQ(test, folio, folio2);
	if (folio)
		folio_put(folio);
	if (folio2)
		folio_put(folio2);
}

/* Who of two gets the folio first that is being read in for one of them. */
struct order_row {
	const char *name;
	bool child_first;
};

static const struct order_row order_rows[] = {
	{ "who has the PMD", false },
	{ "who has PTEs", true },
};

KUNIT_ARRAY_PARAM_DESC(order, order_rows, name);

/*
 * All of it is read in for a PMD swap entry, and a process that shares the
 * slots by PTEs wants a page of it. PTEs cannot be the first to map that folio.
 */
static void pmd_swap_in_sharer_with_ptes(struct kunit *test)
{
	const struct order_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct test_fault_thread *first, *second;
	struct test_mm *child;

	pmd_swap_go_out(&s);
	child = fork_and_split(&s);
	test_disk_hold(s.disk, TEST_DISK_READS);
	KUNIT_EXPECT_EQ(test, 0, test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						 MADV_WILLNEED));
	if (!test_disk_is_holding(s.disk))
		kunit_skip(test, "MADV_WILLNEED does not read in PMD swap entries");
	first = test_fault_start(row->child_first ? child : s.tm, s.thp.addr,
				 0);
	KUNIT_EXPECT_TRUE(test, test_fault_sleeps(first));
	second = test_fault_start(row->child_first ? s.tm : child, s.thp.addr,
				  0);
	KUNIT_EXPECT_TRUE(test, test_fault_sleeps(second));
	test_disk_release(s.disk);
	KUNIT_EXPECT_EQ(test, test_fault_wait(first) & VM_FAULT_ERROR, 0);
	KUNIT_EXPECT_EQ(test, test_fault_wait(second) & VM_FAULT_ERROR, 0);

	fault_until_mapped(s.tm, s.thp.addr, 0);
	fault_until_mapped(child, s.thp.addr, 0);
	if (!row->child_first)
		KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_THP(child, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	/* What one writes the other does not see. */
	rewrite_page(child, s.thp, 0);
	TEST_EXPECT_THP(s.tm, s.thp);
}

/* Of the pages that can be read, none holds anything else than it did. */
static unsigned int count_readable(struct pmd_swap *s)
{
	struct kunit *test = s->tm->test;
	unsigned int page, readable = 0;

	for (page = 0; page < TEST_PMD_NR; page++) {
		struct test_pattern_diff diff;

		if (test_pattern_ok(s->tm, pmd_swap_addr(s, page), 1,
				    s->thp.seed, page, &diff))
			readable++;
		else
			KUNIT_EXPECT_TRUE_MSG(test, diff.fault,
					      "wrong data in page %u", page);
	}
	return readable;
}

static void pmd_swap_in_read_error(struct kunit *test)
{
	const struct page_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	vm_fault_t ret = 0;
	softleaf_t bad;
	char byte;
	int nr;

	pmd_swap_go_out(&s);
	bad = test_softleaf(s.tm, pmd_swap_addr(&s, row->odd));
	s.disk->bad_page = swp_offset(bad);

	for (nr = 0; nr < MAX_FAULTS && !(ret & VM_FAULT_ERROR); nr++) {
		ret = test_mm_fault(s.tm, pmd_swap_addr(&s, row->page), 0);
		if (is_mapped(s.tm, pmd_swap_addr(&s, row->page), false))
			break;
	}

	KUNIT_EXPECT_GE_MSG(test, s.disk->reads, 1, "nothing was read");
	if (row->odd == row->page || (ret & VM_FAULT_ERROR))
		KUNIT_EXPECT_NE(test, ret & VM_FAULT_SIGBUS, 0);
	KUNIT_EXPECT_EQ(test, test_mm_read(s.tm, &byte,
					   pmd_swap_addr(&s, row->odd), 1),
			-EFAULT);
	KUNIT_EXPECT_LT(test, count_readable(&s), TEST_PMD_NR);
	expect_rss_as_mapped(&s);
	/* An error that goes away was no loss. */
	s.disk->bad_page = TEST_DISK_NO_PAGE;
	KUNIT_EXPECT_EQ(test, 0, test_swap_uncache(s.tm, s.thp.addr,
						   TEST_PMD_NR));
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

/*
 * All of it was read for a PMD swap entry, and not all could be. A process that
 * has PTEs loses the page that is bad, and no other.
 */
static void pmd_swap_in_read_error_sharer(struct kunit *test)
{
	const struct page_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC), theirs;
	struct folio *folio;
	char byte;

	pmd_swap_go_out(&s);
	theirs = s;
	theirs.tm = fork_and_split(&s);
	s.disk->bad_page = swp_offset(first_slot(&s)) + row->odd;
	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						 MADV_WILLNEED));
	if (!s.disk->reads)
		kunit_skip(test, "MADV_WILLNEED does not read in PMD swap entries");
	folio = get_cached(&s);
	KUNIT_EXPECT_EQ(test, folio_order(folio), HPAGE_PMD_ORDER);
	KUNIT_EXPECT_FALSE(test, folio_test_uptodate(folio));
	folio_put(folio);

	if (row->page != row->odd)
		fault_until_mapped(theirs.tm, pmd_swap_addr(&s, row->page), 0);
	KUNIT_EXPECT_EQ(test, test_mm_read(theirs.tm, &byte,
					   pmd_swap_addr(&s, row->odd), 1),
			-EFAULT);
	KUNIT_EXPECT_EQ(test, count_readable(&theirs), TEST_PMD_NR - 1);

	s.disk->bad_page = TEST_DISK_NO_PAGE;
	KUNIT_EXPECT_EQ(test, 0, test_swap_uncache(theirs.tm, s.thp.addr,
						   TEST_PMD_NR));
	TEST_EXPECT_THP(theirs.tm, s.thp);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

static void pmd_swap_in_hwpoison(struct kunit *test)
{
#ifdef CONFIG_MEMORY_FAILURE
	const struct page_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct folio *folio;
	vm_fault_t ret;
	char byte;

	pmd_swap_go_out_cached(&s);
	folio = get_cached(&s);
	/* What memory_failure() leaves of a folio that it cannot split. */
	SetPageHWPoison(folio_page(folio, row->odd));
	folio_set_has_hwpoisoned(folio);

	ret = test_mm_fault(s.tm, pmd_swap_addr(&s, row->page), 0);

	if (row->odd == row->page)
		KUNIT_EXPECT_NE(test, ret & VM_FAULT_HWPOISON, 0);
	else
		KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
	expect_split(&s);
	KUNIT_EXPECT_EQ(test, count_readable(&s), TEST_PMD_NR - 1);
	KUNIT_EXPECT_EQ(test, test_mm_read(s.tm, &byte,
					   pmd_swap_addr(&s, row->odd), 1),
			-EFAULT);
	ClearPageHWPoison(folio_page(folio, row->odd));
	folio_clear_has_hwpoisoned(folio);
	folio_put(folio);
	TEST_EXPECT_THP(s.tm, s.thp);
#else
	kunit_skip(test, "CONFIG_MEMORY_FAILURE is off, UML cannot have it");
#endif
}

/* What decides whether the huge page comes back writable. */
struct writable_row {
	bool shared;
	bool read_only;
	bool uffd_wp;
	bool soft_dirty;
	bool write;
};

#define WRITABLE_ROWS	32

static const void *writable_gen_params(struct kunit *test, const void *prev,
				       char *desc)
{
	static struct writable_row rows[WRITABLE_ROWS];
	const struct writable_row *last = prev;
	struct writable_row *row = last ? &rows[last - rows + 1] : rows;
	unsigned int i = row - rows;

	if (i == WRITABLE_ROWS)
		return NULL;
	*row = (struct writable_row) {
		.shared = i & 1,
		.read_only = i & 2,
		.uffd_wp = i & 4,
		.soft_dirty = i & 8,
		.write = i & 16,
	};
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s of %s%s%s%s",
		 row->write ? "write" : "read",
		 row->shared ? "shared" : "exclusive",
		 row->read_only ? ", PROT_READ" : "",
		 row->uffd_wp ? ", uffd-wp" : "",
		 row->soft_dirty ? ", soft-dirty cleared" : "");
	return row;
}

static bool mapped_uffd(struct test_mm *tm, unsigned long addr)
{
	if (test_has_pte_table(tm, addr))
		return pte_uffd(test_pte(tm, addr));
	return pmd_uffd(test_pmd(tm, addr));
}

static void expect_cow(struct pmd_swap *s, struct test_mm *child)
{
	struct kunit *test = s->tm->test;
	struct folio *theirs;
	struct test_ptes n;

	if (test_is_thp(s->tm, s->thp.addr)) {
		/* All of it was copied. */
		struct folio *ours = test_folio_get(s->tm, s->thp.addr);

		theirs = test_folio_get(child, s->thp.addr);
		KUNIT_EXPECT_PTR_NE(test, ours, theirs);
		if (ours)
			folio_put(ours);
		if (theirs)
			folio_put(theirs);
		return;
	}
	n = test_count_ptes(s->tm, s->thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ_MSG(test, n.writable, 1,
			    "pages that can be written to");
}

static void pmd_swap_in_writable(struct kunit *test)
{
	const struct writable_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	unsigned long addr = pmd_swap_addr(&s, 7);
	struct test_mm *child = NULL;
	struct test_uffd uffd;
	vm_fault_t ret;
	char byte = 1;

	if (row->soft_dirty && !pgtable_supports_soft_dirty())
		kunit_skip(test, "no soft-dirty bit here");
	if (row->uffd_wp) {
		uffd = test_uffd_open(s.tm, UFFD_FEATURE_PAGEFAULT_FLAG_WP |
				      UFFD_FEATURE_SIGBUS);
		KUNIT_ASSERT_EQ(test, 0,
				test_uffd_register(&uffd, s.thp.addr, PMD_SIZE,
						   UFFDIO_REGISTER_MODE_WP));
		KUNIT_ASSERT_EQ(test, 0, test_uffd_wp(&uffd, s.thp.addr,
						      PMD_SIZE, true));
	}
	if (row->read_only)
		KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(s.tm, s.thp.addr,
							  PMD_SIZE, PROT_READ));
	if (row->soft_dirty)
		KUNIT_ASSERT_EQ(test, 0, test_clear_refs(s.tm,
							 TEST_CLEAR_REFS_SOFT_DIRTY));
	pmd_swap_go_out(&s);
	KUNIT_EXPECT_EQ(test, (bool)pmd_swp_uffd(test_pmd(s.tm, addr)),
			row->uffd_wp);
	if (row->shared)
		child = test_mm_fork(s.tm);

	if (row->write && row->read_only) {
		/* Nobody asks handle_mm_fault() for that. */
		KUNIT_EXPECT_EQ(test, test_mm_write(s.tm, addr, &byte, 1),
				-EFAULT);
		KUNIT_EXPECT_FALSE(test, is_mapped(s.tm, addr, true));
		TEST_EXPECT_THP(s.tm, s.thp);
		return;
	}
	ret = test_mm_fault(s.tm, addr, row->write ? FAULT_FLAG_WRITE : 0);

	if (row->write && row->uffd_wp) {
		KUNIT_EXPECT_NE_MSG(test, ret & VM_FAULT_SIGBUS, 0,
				    "userfaultfd does not see the write");
		KUNIT_EXPECT_FALSE(test, is_mapped(s.tm, addr, true));
		KUNIT_EXPECT_TRUE(test, mapped_uffd(s.tm, addr));
	} else if (row->write) {
		KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
		KUNIT_EXPECT_TRUE(test, is_mapped(s.tm, addr, true));
		if (row->shared)
			expect_cow(&s, child);
		else
			KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, addr));
	} else {
		KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR, 0);
		KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, addr));
		KUNIT_EXPECT_EQ(test, is_mapped(s.tm, addr, true),
				!row->shared && !row->read_only &&
				!row->uffd_wp && !row->soft_dirty);
		KUNIT_EXPECT_EQ(test, (bool)pmd_uffd(test_pmd(s.tm, addr)),
				row->uffd_wp);
		KUNIT_EXPECT_EQ(test,
				(bool)pmd_soft_dirty(test_pmd(s.tm, addr)),
				pgtable_supports_soft_dirty() && !row->soft_dirty);
	}
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	if (child)
		TEST_EXPECT_THP(child, s.thp);

	if (row->uffd_wp) {
		/* Resolved, it is memory like any other. */
		KUNIT_EXPECT_EQ(test, 0, test_uffd_wp(&uffd, s.thp.addr,
						      PMD_SIZE, false));
		if (!row->read_only)
			expect_rewritten(s.tm, s.thp, 7,
					 rewrite_page(s.tm, s.thp, 7));
	}
}

struct stable_row {
	const char *name;
	blk_features_t features;
	bool stable;
	bool write;
};

static const struct stable_row stable_rows[] = {
	{ "read, stable writes", BLK_FEAT_STABLE_WRITES, true, false },
	{ "write, stable writes", BLK_FEAT_STABLE_WRITES, true, true },
	{ "read, other device", 0, false, false },
	{ "write, other device", 0, false, true },
};

KUNIT_ARRAY_PARAM_DESC(stable, stable_rows, name);

static void pmd_swap_in_writeback(struct kunit *test)
{
	const struct stable_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	unsigned int flags = row->write ? FAULT_FLAG_WRITE : 0;
	unsigned int writable;
	struct folio *folio;
	u32 seed;

	pmd_swap_go_to_writeback(&s);
	folio = get_cached(&s);
	KUNIT_EXPECT_TRUE(test, folio_test_writeback(folio));
	folio_put(folio);

	fault_until_mapped(s.tm, pmd_swap_addr(&s, 5), flags);

	if (test_is_thp(s.tm, s.thp.addr))
		writable = is_mapped(s.tm, s.thp.addr, true) ? TEST_PMD_NR : 0;
	else
		writable = test_count_ptes(s.tm, s.thp.addr,
					   TEST_PMD_NR).writable;
	/* On a stable device only a copy can be written to. */
	KUNIT_EXPECT_EQ(test, writable,
			row->stable ? (row->write ? 1 : 0) : TEST_PMD_NR);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0);

	seed = rewrite_page(s.tm, s.thp, 5);
	expect_rewritten(s.tm, s.thp, 5, seed);
	test_disk_release(s.disk);
	KUNIT_EXPECT_EQ_MSG(test, s.disk->torn, !row->stable,
			    "what is under writeback has changed");

	/* The device has old data, and nobody may believe it. */
	KUNIT_EXPECT_EQ(test, 0, test_pageout(s.tm, s.thp.addr, TEST_PMD_NR));
	KUNIT_EXPECT_EQ(test, 0, test_swap_uncache(s.tm, s.thp.addr,
						   TEST_PMD_NR));
	expect_rewritten(s.tm, s.thp, 5, seed);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

static void pmd_swap_in_write_to_shared(struct kunit *test)
{
	const struct access_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	struct test_mm *child;
	u32 seed, seed2;

	pmd_swap_go_out(&s);
	child = test_mm_fork(s.tm);
	KUNIT_EXPECT_FALSE(test, pmd_swp_exclusive(test_pmd(s.tm, s.thp.addr)));

	fault_until_mapped(s.tm, pmd_swap_addr(&s, row->page),
			   FAULT_FLAG_WRITE);
	expect_cow(&s, child);
	seed = rewrite_page(s.tm, s.thp, row->page);

	expect_rewritten(s.tm, s.thp, row->page, seed);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_THP(child, s.thp);
	seed2 = rewrite_page(child, s.thp, row->page);
	expect_rewritten(child, s.thp, row->page, seed2);
	expect_rewritten(s.tm, s.thp, row->page, seed);
}

/* Who is left alone with an entry that is not exclusive needs no copy. */
static void pmd_swap_in_write_after_sharer(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	u32 seed;

	pmd_swap_go_out(&s);
	test_mm_exit(test_mm_fork(s.tm));
	KUNIT_EXPECT_FALSE(test, pmd_swp_exclusive(test_pmd(s.tm, s.thp.addr)));

	fault_until_mapped(s.tm, s.thp.addr, FAULT_FLAG_WRITE);

	expect_back_huge(&s);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), 0);
	seed = rewrite_page(s.tm, s.thp, 1);
	expect_rewritten(s.tm, s.thp, 1, seed);
}

static void pmd_swap_in_no_memory_for_copy(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct test_inject *inject;
	struct test_mm *child;
	vm_fault_t ret;
	u32 seed;

	/* Cached: the copy is the first thing that a page is needed for. */
	pmd_swap_go_out_cached(&s);
	child = test_mm_fork(s.tm);

	inject = test_inject_begin(s.tm, TEST_INJECT_PAGES, "handle_mm_fault",
				   0, 1);
	ret = test_mm_fault(s.tm, s.thp.addr, FAULT_FLAG_WRITE);
	KUNIT_EXPECT_EQ_MSG(test, test_inject_end(inject), 1,
			    "allocations that have failed");

	KUNIT_EXPECT_EQ(test, ret & VM_FAULT_ERROR & ~VM_FAULT_OOM, 0);
	expect_split(&s);
	fault_until_mapped(s.tm, s.thp.addr, FAULT_FLAG_WRITE);
	seed = rewrite_page(s.tm, s.thp, 0);
	expect_rewritten(s.tm, s.thp, 0, seed);
	TEST_EXPECT_THP(child, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0);
}

static void pmd_swap_in_frees_slots(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	softleaf_t first;

	pmd_swap_go_out(&s);
	first = first_slot(&s);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), TEST_PMD_NR);

	fault_until_mapped(s.tm, s.thp.addr, 0);

	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), 0);
}

/* A slow device: the copy there stays good for as long as nobody writes. */
static void pmd_swap_in_keeps_cached_slots(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	softleaf_t first;

	pmd_swap_go_out(&s);
	first = first_slot(&s);
	fault_until_mapped(s.tm, s.thp.addr, 0);

	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 0);
	KUNIT_EXPECT_EQ(test, test_slots_from(first, TEST_PMD_NR).cached,
			TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), TEST_PMD_NR);

	/* Gone with the memory. */
	KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(s.tm, s.thp.addr, PMD_SIZE));
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), 0);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, 0);
}

static void pmd_swap_in_shared_slots(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *child;
	softleaf_t first;

	pmd_swap_go_out(&s);
	child = test_mm_fork(s.tm);
	first = first_slot(&s);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 2);

	fault_until_mapped(s.tm, s.thp.addr, 0);
	expect_back_huge(&s);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), TEST_PMD_NR);

	fault_until_mapped(child, s.thp.addr, 0);
	KUNIT_EXPECT_TRUE(test, test_is_thp(child, s.thp.addr));
	KUNIT_EXPECT_FALSE(test, is_mapped(child, s.thp.addr, true));
	TEST_EXPECT_THP(child, s.thp);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), 0);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}

/*
 * A fault that has read the PMD just before swapoff() replaced it finds the
 * device dead. Such a fault has nothing to do; the next one sees the new PMD.
 * Here the PMD is the old one still, so that it can be seen not to be touched.
 */
static void pmd_swap_in_swapoff_under_way(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	vm_fault_t ret;

	pmd_swap_go_out(&s);
	swap_device_kill(s.swap);
	KUNIT_EXPECT_NULL(test, get_swap_device(first_slot(&s)));

	ret = test_mm_fault(s.tm, s.thp.addr, 0);

	swap_device_revive(s.swap);
	KUNIT_EXPECT_EQ(test, ret & (VM_FAULT_ERROR | VM_FAULT_MAJOR), 0);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0);
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_SLOTS(s.tm, s.thp.addr, TEST_PMD_NR, 1);
	fault_until_mapped(s.tm, s.thp.addr, 0);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

/* Which access hits a range that userfaultfd protects from all of them. */
struct rwp_row {
	const char *name;
	bool shared;
	bool cached;
	unsigned int flags;
};

static const struct rwp_row rwp_rows[] = {
	{ "read", false, false, 0 },
	{ "write", false, false, FAULT_FLAG_WRITE },
	{ "read, cached", false, true, 0 },
	{ "write to shared", true, false, FAULT_FLAG_WRITE },
};

KUNIT_ARRAY_PARAM_DESC(rwp, rwp_rows, name);

static void pmd_swap_in_rwp(struct kunit *test)
{
#ifdef UFFDIO_RWPROTECT
	const struct rwp_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *child = NULL;
	struct test_uffd uffd;
	vm_fault_t ret = 0;
	u32 seed;
	int nr;

	uffd = test_uffd_open(s.tm, UFFD_FEATURE_RWP | UFFD_FEATURE_SIGBUS);
	KUNIT_ASSERT_EQ(test, 0, test_uffd_register(&uffd, s.thp.addr, PMD_SIZE,
						    UFFDIO_REGISTER_MODE_RWP));
	KUNIT_ASSERT_EQ(test, 0, test_uffd_rwp(&uffd, s.thp.addr, PMD_SIZE,
					       true));
	if (row->cached)
		pmd_swap_go_out_cached(&s);
	else
		pmd_swap_go_out(&s);
	KUNIT_ASSERT_TRUE(test, pmd_swp_uffd(test_pmd(s.tm, s.thp.addr)));
	if (row->shared)
		child = test_mm_fork(s.tm);

	/* The first may only bring it back; then userfaultfd has to see it. */
	for (nr = 0; nr < MAX_FAULTS && !(ret & VM_FAULT_ERROR); nr++)
		ret = test_mm_fault(s.tm, s.thp.addr, row->flags);

	KUNIT_EXPECT_NE(test, ret & VM_FAULT_SIGBUS, 0);
	KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	KUNIT_EXPECT_TRUE(test, pmd_protnone(test_pmd(s.tm, s.thp.addr)));
	KUNIT_EXPECT_TRUE(test, pmd_uffd(test_pmd(s.tm, s.thp.addr)));
	KUNIT_EXPECT_FALSE(test, pmd_write(test_pmd(s.tm, s.thp.addr)));
	TEST_EXPECT_RSS(s.stat, 0, 0);

	KUNIT_EXPECT_EQ(test, 0, test_uffd_rwp(&uffd, s.thp.addr, PMD_SIZE,
					       false));
	TEST_EXPECT_THP(s.tm, s.thp);
	seed = rewrite_page(s.tm, s.thp, 9);
	expect_rewritten(s.tm, s.thp, 9, seed);
	if (child)
		TEST_EXPECT_THP(child, s.thp);
#else
	kunit_skip(test, "this kernel's userfaultfd has no RWP");
#endif
}

/* States that a fault can find a PMD swap entry in. */
enum state {
	STATE_UNCACHED,
	STATE_CACHED,
	STATE_WRITEBACK,
	STATE_SHARED,
	STATE_SHARED_CACHED,
	STATE_SHARER_MAPPED,
	STATE_FIRST_CACHED,
	STATE_LAST_CACHED,
	STATE_SOFT_DIRTY_CLEARED,
	STATE_NO_HUGE_PAGES,
	STATE_LOCKED_VMA,
	NR_STATES,
};

static const char * const state_names[NR_STATES] = {
	[STATE_UNCACHED] = "nothing cached",
	[STATE_CACHED] = "cached",
	[STATE_WRITEBACK] = "under writeback",
	[STATE_SHARED] = "shared, nothing cached",
	[STATE_SHARED_CACHED] = "shared, cached",
	[STATE_SHARER_MAPPED] = "shared, mapped by the sharer",
	[STATE_FIRST_CACHED] = "first page cached",
	[STATE_LAST_CACHED] = "last page cached",
	[STATE_SOFT_DIRTY_CLEARED] = "soft-dirty cleared",
	[STATE_NO_HUGE_PAGES] = "huge pages not wanted any more",
	[STATE_LOCKED_VMA] = "VM_LOCKED",
};

struct state_row {
	enum state state;
	blk_features_t features;
	unsigned int flags;
};

static const void *state_gen_params(struct kunit *test, const void *prev,
				    char *desc)
{
	static struct state_row rows[NR_STATES * 4];
	const struct state_row *last = prev;
	struct state_row *row = last ? &rows[last - rows + 1] : rows;
	unsigned int i = row - rows;

	/* Synchronous devices are not written to behind one's back. */
	if (i / 4 == STATE_WRITEBACK && !(i & 1))
		row = &rows[++i];
	if (i == ARRAY_SIZE(rows))
		return NULL;
	*row = (struct state_row) {
		.state = i / 4,
		.features = i & 1 ? DISK_ASYNC : DISK_SYNC,
		.flags = i & 2 ? FAULT_FLAG_WRITE : 0,
	};
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s, %s",
		 state_names[row->state], i & 2 ? "write" : "read",
		 i & 1 ? "asynchronous" : "synchronous");
	return row;
}

/* The child of a state that needs one, else NULL. */
static struct test_mm *make_state(struct pmd_swap *s, enum state state)
{
	struct kunit *test = s->tm->test;
	struct test_mm *child = NULL;
	struct vm_area_struct *vma;

	if (state == STATE_SOFT_DIRTY_CLEARED)
		KUNIT_ASSERT_EQ(test, 0, test_clear_refs(s->tm,
							 TEST_CLEAR_REFS_SOFT_DIRTY));
	switch (state) {
	case STATE_CACHED:
	case STATE_SHARED_CACHED:
		pmd_swap_go_out_cached(s);
		break;
	case STATE_WRITEBACK:
		pmd_swap_go_to_writeback(s);
		break;
	default:
		pmd_swap_go_out(s);
		break;
	}
	switch (state) {
	case STATE_SHARED:
	case STATE_SHARED_CACHED:
		child = test_mm_fork(s->tm);
		break;
	case STATE_SHARER_MAPPED:
		child = test_mm_fork(s->tm);
		fault_until_mapped(child, s->thp.addr, 0);
		break;
	case STATE_FIRST_CACHED:
	case STATE_LAST_CACHED:
		child = fork_and_split(s);
		fault_until_mapped(child, pmd_swap_addr(s, state ==
				   STATE_FIRST_CACHED ? 0 : LAST), 0);
		break;
	case STATE_NO_HUGE_PAGES:
		KUNIT_ASSERT_EQ(test, 0,
				test_mm_madvise(s->tm, s->thp.addr, PMD_SIZE,
						MADV_NOHUGEPAGE));
		break;
	case STATE_LOCKED_VMA:
		mmap_write_lock(s->tm->mm);
		vma = vma_lookup(s->tm->mm, s->thp.addr);
		vm_flags_set(vma, VM_LOCKED);
		s->tm->mm->locked_vm += HPAGE_PMD_NR;
		mmap_write_unlock(s->tm->mm);
		break;
	default:
		break;
	}
	return child;
}

static void pmd_swap_in_progress(struct kunit *test)
{
	const struct state_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, row->features);
	struct test_mm *child = make_state(&s, row->state);
	u32 seed = s.thp.seed;

	/* Aborts if the fault would be repeated for ever. */
	fault_until_mapped(s.tm, pmd_swap_addr(&s, 100), row->flags);

	if (row->flags & FAULT_FLAG_WRITE)
		seed = rewrite_page(s.tm, s.thp, 100);
	expect_rewritten(s.tm, s.thp, 100, seed);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	if (child)
		TEST_EXPECT_THP(child, s.thp);
	if (row->state == STATE_WRITEBACK)
		test_disk_release(s.disk);
}

struct pin_row {
	const char *name;
	bool shared;
	unsigned int flags;
};

static const struct pin_row pin_rows[] = {
	{ "exclusive, to read", false, 0 },
	{ "exclusive, to write", false, FOLL_WRITE },
	{ "shared, to read", true, 0 },
	{ "shared, to write", true, FOLL_WRITE },
};

KUNIT_ARRAY_PARAM_DESC(pin, pin_rows, name);

/* A pinned page is what user space sees, also after a write: no copy of it. */
static void pmd_swap_in_pin(struct kunit *test)
{
	const struct pin_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *child = NULL;
	u64 got[2] = {};
	struct page *page;
	int locked = 1;
	long nr;
	u32 seed;

	pmd_swap_go_out(&s);
	if (row->shared)
		child = test_mm_fork(s.tm);

	mmap_read_lock(s.tm->mm);
	nr = pin_user_pages_remote(s.tm->mm, pmd_swap_addr(&s, 6), 1,
				   row->flags, &page, &locked);
	if (locked)
		mmap_read_unlock(s.tm->mm);
	KUNIT_ASSERT_EQ(test, nr, 1);

	if (!row->shared)
		KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	memcpy_from_page((char *)&got[0], page, 8, sizeof(u64));
	seed = rewrite_page(s.tm, s.thp, 6);
	memcpy_from_page((char *)&got[1], page, 8, sizeof(u64));
	unpin_user_page(page);
	KUNIT_EXPECT_EQ(test, got[0], test_pattern_word(s.thp.seed, 6, 8));
	KUNIT_EXPECT_EQ(test, got[1], test_pattern_word(seed, 6, 8));
	expect_rewritten(s.tm, s.thp, 6, seed);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	if (child)
		TEST_EXPECT_THP(child, s.thp);
}

static struct kunit_case pmd_swap_in_cases[] = {
	KUNIT_CASE_PARAM(pmd_swap_in_uncached, access_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_cached, access_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_round_trip, test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_in_all_zero),
	KUNIT_CASE_PARAM(pmd_swap_in_order0_cached, page_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_mixed_zero, page_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_mixed_memcg, other_page_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_slot_without_count, page_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_no_huge_page, access_gen_params),
	KUNIT_CASE(pmd_swap_in_no_page_at_all),
	KUNIT_CASE(pmd_swap_in_no_charge),
	KUNIT_CASE_PARAM(pmd_swap_in_zapped_during_read,
			 zap_read_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_zapped_before_lock, zap_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_left_cache, wait_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_replaced_in_cache, wait_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_other_reads_first, page_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_two_at_once, wait_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_sharer_with_ptes, order_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_read_error, page_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_read_error_sharer, page_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_hwpoison, page_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_writable, writable_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_writeback, stable_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_write_to_shared, access_gen_params),
	KUNIT_CASE(pmd_swap_in_write_after_sharer),
	KUNIT_CASE(pmd_swap_in_no_memory_for_copy),
	KUNIT_CASE(pmd_swap_in_frees_slots),
	KUNIT_CASE(pmd_swap_in_keeps_cached_slots),
	KUNIT_CASE(pmd_swap_in_shared_slots),
	KUNIT_CASE(pmd_swap_in_swapoff_under_way),
	KUNIT_CASE_PARAM(pmd_swap_in_rwp, rwp_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_progress, state_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_in_pin, pin_gen_params),
	{}
};

static struct kunit_suite pmd_swap_in_suite = {
	.name = "pmd_swap_in",
	.test_cases = pmd_swap_in_cases,
};

kunit_test_suite(pmd_swap_in_suite);

MODULE_DESCRIPTION("KUnit suite for faults on PMD swap entries");
MODULE_LICENSE("GPL");
