// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "pmd_swap_mremap": mremap() of memory that is one PMD swap entry.
 *
 *	tools/testing/kunit/kunit.py run --kernel_args=ubd0=<file> \
 *		pmd_swap_mremap
 *
 * Aligned and whole, the entry moves and its deposited page table with it. Else
 * it is split, and PTEs move. Either way no slot changes hands, nothing is read,
 * and the data is found at the new address.
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "fixtures/inject.h"
#include "fixtures/thread.h"
#include "pmd_swap_helpers.h"

#define HALF		(TEST_PMD_NR / 2)
#define HALF_SIZE	(PMD_SIZE / 2)

/* Bytes that one page table counts in mm_pgtables_bytes(). */
#define PTE_TABLE_BYTES	((long)(PTRS_PER_PTE * sizeof(pte_t)))

static void move(struct test_mm *tm, unsigned long from, unsigned long len,
		 unsigned long to)
{
	KUNIT_ASSERT_EQ_MSG(tm->test,
			    test_mm_mremap(tm, from, len, len,
					   MREMAP_MAYMOVE | MREMAP_FIXED, to),
			    (long)to, "mremap");
}

/* The entry is at @addr now, and each of its slots has the count it had. */
static void expect_moved(struct test_mm *tm, unsigned long addr,
			 softleaf_t first, int count)
{
	struct kunit *test = tm->test;

	KUNIT_ASSERT_TRUE_MSG(test, test_is_pmd_swap(tm, addr),
			      "not moved as a whole");
	KUNIT_EXPECT_EQ(test, test_softleaf(tm, addr).val, first.val);
	TEST_EXPECT_SLOTS(tm, addr, TEST_PMD_NR, count);
}

static void pmd_swap_mremap_whole(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	int deposits = test_deposits(tm, thp.addr);
	softleaf_t first = test_softleaf(tm, thp.addr);
	int cached = test_slots(tm, thp.addr, TEST_PMD_NR).cached;
	unsigned long from = thp.addr;

	thp.addr = test_mm_reserve(tm, PMD_SIZE);
	move(tm, from, PMD_SIZE, thp.addr);

	expect_moved(tm, thp.addr, first, 1);
	KUNIT_EXPECT_TRUE(test, pmd_swp_exclusive(test_pmd(tm, thp.addr)));
	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(tm, from)));
	KUNIT_EXPECT_EQ(test, test_deposits(tm, thp.addr), deposits);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_slots(tm, thp.addr, TEST_PMD_NR).cached,
			cached);
	TEST_EXPECT_EVENT(stat, "pswpin", 0);
	TEST_EXPECT_EVENT(stat, "thp_split_pmd", 0);
	KUNIT_EXPECT_EQ(test, test_smaps_kb(tm, thp.addr, "Swap"),
			PMD_SIZE / SZ_1K);

	fault_until_mapped(tm, thp.addr, 0);
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	TEST_EXPECT_RSS(stat, TEST_PMD_NR, -TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
}

/* Where it is now, reclaim finds it by its rmap, and swapoff() finds it too. */
static void pmd_swap_mremap_and_out_again(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	unsigned long from = thp.addr;

	thp.addr = test_mm_reserve(tm, PMD_SIZE);
	move(tm, from, PMD_SIZE, thp.addr);
	fault_until_mapped(tm, thp.addr, FAULT_FLAG_WRITE);
	thp.seed = test_pattern_new_seed();
	KUNIT_ASSERT_EQ(test, 0, test_pattern_fill(tm, thp.addr, TEST_PMD_NR,
						   thp.seed, 0));

	test_pmd_swap_out(tm, thp);
	TEST_EXPECT_RSS(stat, 0, 0);
	from = thp.addr;
	thp.addr = test_mm_reserve(tm, PMD_SIZE);
	move(tm, from, PMD_SIZE, thp.addr);
	KUNIT_ASSERT_EQ(test, 0, test_swap_off(swap));

	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	TEST_EXPECT_RSS(stat, TEST_PMD_NR, -TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
	KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(tm, thp.addr, PMD_SIZE));
	TEST_EXPECT_RSS(stat, 0, -TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), -PTE_TABLE_BYTES);
}

struct bits_row {
	const char *name;
	bool soft_dirty;
	bool uffd;
	bool rwp;
	bool event;
};

static const struct bits_row bits_rows[] = {
	{ "soft-dirty", true, false, false, false },
	{ "soft-dirty cleared", false, false, false, false },
	{ "uffd-wp", false, true, false, false },
	{ "uffd-wp, remap event", false, true, false, true },
	{ "uffd-wp, soft-dirty", true, true, false, false },
#ifdef UFFDIO_RWPROTECT
	{ "RWP", false, true, true, false },
	{ "RWP, remap event", false, true, true, true },
#endif
};

KUNIT_ARRAY_PARAM_DESC(bits, bits_rows, name);

static int protect(const struct bits_row *row, struct test_uffd *uffd,
		   unsigned long addr, bool on)
{
#ifdef UFFDIO_RWPROTECT
	if (row->rwp)
		return test_uffd_rwp(uffd, addr, PMD_SIZE, on);
#endif
	return test_uffd_wp(uffd, addr, PMD_SIZE, on);
}

static struct test_uffd arm(struct test_mm *tm, const struct bits_row *row,
			    unsigned long addr)
{
	u64 features = UFFD_FEATURE_SIGBUS, mode = UFFDIO_REGISTER_MODE_WP;
	struct test_uffd uffd;

	if (row->event)
		features |= UFFD_FEATURE_EVENT_REMAP;
#ifdef UFFDIO_RWPROTECT
	if (row->rwp) {
		features |= UFFD_FEATURE_RWP;
		mode = UFFDIO_REGISTER_MODE_RWP;
	}
#endif
	uffd = test_uffd_open(tm, features);
	KUNIT_ASSERT_EQ(tm->test, 0,
			test_uffd_register(&uffd, addr, PMD_SIZE, mode));
	KUNIT_ASSERT_EQ(tm->test, 0, protect(row, &uffd, addr, true));
	return uffd;
}

struct mremap_call {
	unsigned long from;
	unsigned long to;
};

static long mremap_call(void *data)
{
	struct mremap_call *call = data;

	return test_sys_mremap(call->from, PMD_SIZE, PMD_SIZE,
			       MREMAP_MAYMOVE | MREMAP_FIXED, call->to);
}

/* mremap() ends when the event has been read. */
static void move_monitored(struct test_mm *tm, struct test_uffd *uffd,
			   unsigned long from, unsigned long to)
{
	struct mremap_call args = { from, to };
	struct kunit *test = tm->test;
	struct uffd_msg msg = {};
	struct test_call *call;
	loff_t pos = 0;

	spin_lock(&uffd->file->f_lock);
	uffd->file->f_flags |= O_NONBLOCK;
	spin_unlock(&uffd->file->f_lock);
	call = test_call_start(tm, mremap_call, &args);
	KUNIT_EXPECT_TRUE(test, test_call_sleeps(call));
	KUNIT_EXPECT_EQ(test, kernel_read(uffd->file, &msg, sizeof(msg), &pos),
			(ssize_t)sizeof(msg));
	KUNIT_ASSERT_EQ(test, test_call_wait(call), (long)to);
	KUNIT_EXPECT_EQ(test, (int)msg.event, UFFD_EVENT_REMAP);
	KUNIT_EXPECT_EQ(test, (unsigned long)msg.arg.remap.to, to);
}

static void pmd_swap_mremap_bits(struct kunit *test)
{
	const struct bits_row *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp;
	struct test_uffd uffd;
	struct test_stat *stat;
	unsigned long from;
	softleaf_t first;
	char byte = 1;

	if (row->uffd && !pgtable_supports_uffd())
		kunit_skip(test, "no userfaultfd bit here");
	if (!pgtable_supports_soft_dirty())
		kunit_skip(test, "no soft-dirty bit here");
	test_pmd_swap_on(tm);
	thp = test_thp_map(tm);
	if (row->uffd)
		uffd = arm(tm, row, thp.addr);
	if (!row->soft_dirty)
		KUNIT_ASSERT_EQ(test, 0,
				test_clear_refs(tm, TEST_CLEAR_REFS_SOFT_DIRTY));
	test_pmd_swap_out(tm, thp);
	KUNIT_ASSERT_EQ(test, !!pmd_swp_uffd(test_pmd(tm, thp.addr)), row->uffd);
	KUNIT_ASSERT_EQ(test, !!pmd_swp_soft_dirty(test_pmd(tm, thp.addr)),
			row->soft_dirty);
	stat = test_stat_begin(tm);
	first = test_softleaf(tm, thp.addr);
	from = thp.addr;
	thp.addr = test_mm_reserve(tm, PMD_SIZE);

	if (row->event)
		move_monitored(tm, &uffd, from, thp.addr);
	else
		move(tm, from, PMD_SIZE, thp.addr);

	expect_moved(tm, thp.addr, first, 1);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_TRUE_MSG(test, pmd_swp_soft_dirty(test_pmd(tm, thp.addr)),
			      "what moves is soft-dirty");
	KUNIT_EXPECT_EQ(test, !!pmd_swp_uffd(test_pmd(tm, thp.addr)),
			row->event);
	/* Still protected, or not by anybody. */
	KUNIT_EXPECT_EQ(test, test_mm_write(tm, thp.addr + 5, &byte, 1),
			row->event ? -EFAULT : 0);
	if (row->event)
		KUNIT_EXPECT_EQ(test, 0, protect(row, &uffd, thp.addr, false));
	rewrite_page(tm, thp, 0);
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + PAGE_SIZE, TEST_PMD_NR - 1,
			       thp.seed, 1);
}

struct part {
	const char *name;
	int first;
	int nr;
	int to;		/* page of the destination, which is aligned */
};

static const struct part parts[] = {
	{ "first half", 0, HALF, 0 },
	{ "second half", HALF, HALF, HALF },
	{ "first page", 0, 1, 0 },
	{ "page in the middle", HALF, 1, HALF },
	{ "last page", HPAGE_PMD_NR - 1, 1, HPAGE_PMD_NR - 1 },
	{ "all but the last page", 0, TEST_PMD_NR - 1, 0 },
	{ "all of it, to the next page", 0, TEST_PMD_NR, 1 },
	{ "all of it, by half", 0, TEST_PMD_NR, HALF },
	{ "first half, to the second", 0, HALF, HALF },
};

KUNIT_ARRAY_PARAM_DESC(part, parts, name);

static void pmd_swap_mremap_part(struct kunit *test)
{
	const struct part *part = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);
	int end = part->first + part->nr;
	unsigned long to;

	to = test_mm_reserve(tm, 2 * PMD_SIZE) + part->to * PAGE_SIZE;
	move(tm, thp.addr + part->first * PAGE_SIZE, part->nr * PAGE_SIZE, to);

	KUNIT_EXPECT_FALSE(test, test_is_pmd_swap(tm, to));
	KUNIT_EXPECT_EQ(test, test_softleaf(tm, to).val,
			first.val + part->first);
	TEST_EXPECT_SLOTS(tm, to, part->nr, 1);
	KUNIT_EXPECT_TRUE(test, test_slots(tm, to, part->nr).contiguous);
	TEST_EXPECT_SLOTS(tm, thp.addr, part->first,
			  part->first ? 1 : 0);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 1);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_EVENT(stat, "pswpin", 0);

	TEST_EXPECT_PATTERN_AT(tm, to, part->nr, thp.seed, part->first);
	TEST_EXPECT_PATTERN(tm, thp.addr, part->first, thp.seed);
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + end * PAGE_SIZE,
			       TEST_PMD_NR - end, thp.seed, end);
	TEST_EXPECT_RSS(stat, TEST_PMD_NR, -TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(tm, to, part->nr * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(tm, thp.addr, PMD_SIZE));
	TEST_EXPECT_RSS(stat, 0, -TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), -PTE_TABLE_BYTES);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
}

/* Half of one, all of the next and half of a third: only that one stays whole. */
static void pmd_swap_mremap_across(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	unsigned long addr = test_thp_reserve(s.tm, 3);
	u32 seed = test_pattern_new_seed();
	unsigned long to;
	int i;

	KUNIT_ASSERT_EQ(test, 0, test_pattern_fill(s.tm, addr, 3 * TEST_PMD_NR,
						   seed, 0));
	test_stat_restart(s.stat);
	for (i = 0; i < 3; i++)
		test_pmd_swap_out(s.tm, (struct test_thp) { addr + i * PMD_SIZE,
				  seed });
	s.disk->reads = 0;

	to = test_mm_reserve(s.tm, 3 * PMD_SIZE);
	move(s.tm, addr + HALF_SIZE, 2 * PMD_SIZE, to + HALF_SIZE);

	KUNIT_EXPECT_TRUE(test, test_has_pte_table(s.tm, to));
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, to + PMD_SIZE));
	KUNIT_EXPECT_TRUE(test, test_has_pte_table(s.tm, to + 2 * PMD_SIZE));
	KUNIT_EXPECT_TRUE(test, test_has_pte_table(s.tm, addr));
	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(s.tm, addr + PMD_SIZE)));
	TEST_EXPECT_SLOTS(s.tm, to + HALF_SIZE, 2 * TEST_PMD_NR, 1);
	TEST_EXPECT_RSS(s.stat, -3 * TEST_PMD_NR, 3 * TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0);
	TEST_EXPECT_PATTERN(s.tm, addr, HALF, seed);
	TEST_EXPECT_PATTERN_AT(s.tm, to + HALF_SIZE, 2 * TEST_PMD_NR, seed,
			       HALF);
	TEST_EXPECT_PATTERN_AT(s.tm, addr + 5 * HALF_SIZE, HALF, seed,
			       5 * HALF);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

static void pmd_swap_mremap_shrink(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);
	bool cached = test_slots(tm, thp.addr, 1).cached;

	KUNIT_ASSERT_EQ(test, test_mm_mremap(tm, thp.addr, PMD_SIZE, HALF_SIZE,
					     0, 0), (long)thp.addr);

	TEST_EXPECT_SLOTS(tm, thp.addr, HALF, 1);
	TEST_EXPECT_COUNT(test, (softleaf_t) { first.val + HALF }, HALF, 0);
	TEST_EXPECT_RSS(stat, 0, -HALF);
	/* A folio in the swap cache is kept, or given up, as a whole. */
	if (!cached)
		KUNIT_EXPECT_EQ(test, test_swap_used(swap), HALF);
	TEST_EXPECT_PATTERN(tm, thp.addr, HALF, thp.seed);
	KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(tm, thp.addr, HALF_SIZE));
	TEST_EXPECT_RSS(stat, 0, -TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
}

struct grow_row {
	const char *name;
	bool moves;
};

static const struct grow_row grow_rows[] = {
	{ "in place", false },
	{ "somewhere else", true },
};

KUNIT_ARRAY_PARAM_DESC(grow, grow_rows, name);

static void pmd_swap_mremap_grow(struct kunit *test)
{
	const struct grow_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	unsigned long from = s.thp.addr;
	softleaf_t first;

	pmd_swap_go_out(&s);
	first = first_slot(&s);
	if (row->moves)
		s.thp.addr = test_mm_reserve(s.tm, 2 * PMD_SIZE);

	KUNIT_ASSERT_EQ(test,
			test_mm_mremap(s.tm, from, PMD_SIZE,
				       PMD_SIZE + HALF_SIZE,
				       row->moves ? MREMAP_MAYMOVE | MREMAP_FIXED : 0,
				       s.thp.addr),
			(long)s.thp.addr);

	expect_moved(s.tm, s.thp.addr, first, 1);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0);
	/* Grown or moved, it is a VMA like any other. */
	TEST_EXPECT_THP(s.tm, s.thp);
	KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	TEST_EXPECT_ZERO(s.tm, s.thp.addr + PMD_SIZE, HALF);
	KUNIT_EXPECT_EQ(test, test_mm_mremap(s.tm, s.thp.addr,
					     PMD_SIZE + HALF_SIZE, PMD_SIZE, 0,
					     0),
			(long)s.thp.addr);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

static void pmd_swap_mremap_dontunmap(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);
	unsigned long from = thp.addr;

	thp.addr = test_mm_reserve(tm, PMD_SIZE);
	KUNIT_ASSERT_EQ(test,
			test_mm_mremap(tm, from, PMD_SIZE, PMD_SIZE,
				       MREMAP_MAYMOVE | MREMAP_FIXED |
				       MREMAP_DONTUNMAP, thp.addr),
			(long)thp.addr);

	expect_moved(tm, thp.addr, first, 1);
	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(tm, from)));
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_ZERO(tm, from, TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
	/* What is written at the old address is memory of its own. */
	KUNIT_EXPECT_EQ(test, 0, test_pattern_fill(tm, from, 1,
						   test_pattern_new_seed(), 0));
	TEST_EXPECT_THP(tm, thp);
}

/* What was at the destination is unmapped, a PMD swap entry as anything else. */
static void pmd_swap_mremap_over_another(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_thp gone = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	int deposits = test_deposits(tm, thp.addr);
	softleaf_t first = test_softleaf(tm, thp.addr);
	softleaf_t gone_first = test_softleaf(tm, gone.addr);

	move(tm, thp.addr, PMD_SIZE, gone.addr);
	thp.addr = gone.addr;

	expect_moved(tm, thp.addr, first, 1);
	TEST_EXPECT_COUNT(test, gone_first, TEST_PMD_NR, 0);
	TEST_EXPECT_RSS(stat, 0, -TEST_PMD_NR);
	if (deposits > 0)
		KUNIT_EXPECT_EQ(test, test_deposits(tm, thp.addr), deposits - 1);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), -PTE_TABLE_BYTES);
	TEST_EXPECT_THP(tm, thp);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
}

/* A child moves its own, and the parent's stays where it is. */
static void pmd_swap_mremap_shared(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm), moved = thp;
	struct test_mm *child = test_mm_fork(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);
	u32 seed;

	moved.addr = test_mm_reserve(child, PMD_SIZE);
	move(child, thp.addr, PMD_SIZE, moved.addr);

	expect_moved(child, moved.addr, first, 2);
	KUNIT_EXPECT_FALSE(test, pmd_swp_exclusive(test_pmd(child, moved.addr)));
	KUNIT_EXPECT_EQ(test, test_softleaf(tm, thp.addr).val, first.val);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	seed = rewrite_page(child, moved, HALF);
	expect_rewritten(child, moved, HALF, seed);
	TEST_EXPECT_THP(tm, thp);
	/* The rmap of both: they are found, wherever they are. */
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(swap));
	TEST_EXPECT_THP(tm, thp);
	expect_rewritten(child, moved, HALF, seed);
}

/* No page table for the destination: nothing has moved. */
static void pmd_swap_mremap_no_memory(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_inject *inject;
	softleaf_t first;
	pmd_t pmd;
	long ret;

	pmd_swap_go_out(&s);
	first = first_slot(&s);
	pmd = test_pmd(s.tm, s.thp.addr);

	/* Far away, where there is no table of PMDs yet. */
	inject = test_inject_begin(s.tm, TEST_INJECT_PAGES, "move_page_tables",
				   0, 1);
	ret = test_mm_mremap(s.tm, s.thp.addr, PMD_SIZE, PMD_SIZE,
			     MREMAP_MAYMOVE | MREMAP_FIXED,
			     s.thp.addr + 4 * PUD_SIZE);
	KUNIT_EXPECT_EQ_MSG(test, test_inject_end(inject), 1,
			    "allocations that have failed");

	KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
	expect_moved(s.tm, s.thp.addr, first, 1);
	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(test_pmd(s.tm, s.thp.addr)),
			softleaf_raw_pmd(pmd));
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_THP(s.tm, s.thp);

	/* With memory it moves, as far as that. */
	pmd_swap_go_out(&s);
	first = first_slot(&s);
	move(s.tm, s.thp.addr, PMD_SIZE, s.thp.addr + 4 * PUD_SIZE);
	s.thp.addr += 4 * PUD_SIZE;
	expect_moved(s.tm, s.thp.addr, first, 1);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

static struct kunit_case pmd_swap_mremap_cases[] = {
	KUNIT_CASE_PARAM(pmd_swap_mremap_whole, test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mremap_and_out_again,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mremap_bits, bits_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mremap_part, part_gen_params),
	KUNIT_CASE(pmd_swap_mremap_across),
	KUNIT_CASE_PARAM(pmd_swap_mremap_shrink, test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mremap_grow, grow_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mremap_dontunmap,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_mremap_over_another),
	KUNIT_CASE_PARAM(pmd_swap_mremap_shared, test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_mremap_no_memory),
	{}
};

static int pmd_swap_mremap_init(struct kunit *test)
{
	test_pmd_swap_require(test);
	return 0;
}

static struct kunit_suite pmd_swap_mremap_suite = {
	.name = "pmd_swap_mremap",
	.init = pmd_swap_mremap_init,
	.test_cases = pmd_swap_mremap_cases,
};

kunit_test_suite(pmd_swap_mremap_suite);

MODULE_DESCRIPTION("KUnit suite for mremap() of PMD swap entries");
MODULE_LICENSE("GPL");
