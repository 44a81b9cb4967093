// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "pmd_swap_uffd": userfaultfd and memory that is one PMD swap entry.
 *
 *	tools/testing/kunit/kunit.py run --kernel_args=ubd0=<file> pmd_swap_uffd
 *
 * UFFDIO_MOVE moves an entry that is exclusive as a whole: bits, slots, deposited
 * page table, and what rmap has to know of a folio in the swap cache. Where it
 * cannot, it splits the entry and moves page by page. An entry in the way is
 * memory: nothing is put over it.
 *
 * That a folio gets into the swap cache after UFFDIO_MOVE has found none, and
 * before it has the page table locks, takes two processors. Not tested.
 */
#include <kunit/test.h>

#include "fixtures/thread.h"
#include "pmd_swap_helpers.h"

#define HALF		(TEST_PMD_NR / 2)
#define HALF_SIZE	(PMD_SIZE / 2)
#define LAST		(TEST_PMD_NR - 1)

/* Bytes that one page table counts in mm_pgtables_bytes(). */
#define PTE_TABLE_BYTES	((long)(PTRS_PER_PTE * sizeof(pte_t)))

/* Room for huge pages, where a userfaultfd sees what is missing. */
static unsigned long map_dst(struct test_uffd *uffd, unsigned long nr_pmds)
{
	unsigned long dst = test_thp_reserve(uffd->tm, nr_pmds);

	KUNIT_ASSERT_EQ(uffd->tm->test, 0,
			test_uffd_register(uffd, dst, nr_pmds * PMD_SIZE,
					   UFFDIO_REGISTER_MODE_MISSING));
	return dst;
}

static struct test_uffd open_uffd(struct test_mm *tm)
{
	/* Nobody answers a fault that is caught. */
	return test_uffd_open(tm, UFFD_FEATURE_MOVE | UFFD_FEATURE_SIGBUS);
}

/* All of @len is at @dst now. */
static void move(struct test_uffd *uffd, unsigned long dst, unsigned long src,
		 unsigned long len)
{
	struct kunit *test = uffd->tm->test;
	s64 moved = 0;

	KUNIT_ASSERT_EQ_MSG(test, test_uffd_move(uffd, dst, src, len, &moved), 0,
			    "UFFDIO_MOVE, moved %lld", moved);
	KUNIT_ASSERT_EQ(test, moved, (s64)len);
}

static void expect_moved(struct test_mm *tm, unsigned long addr,
			 softleaf_t first)
{
	struct kunit *test = tm->test;

	KUNIT_ASSERT_TRUE_MSG(test, test_is_pmd_swap(tm, addr),
			      "not moved as a whole");
	KUNIT_EXPECT_EQ(test, test_softleaf(tm, addr).val, first.val);
	KUNIT_EXPECT_TRUE(test, pmd_swp_exclusive(test_pmd(tm, addr)));
	TEST_EXPECT_SLOTS(tm, addr, TEST_PMD_NR, 1);
}

static void pmd_swap_uffd_move_whole(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_uffd uffd = open_uffd(tm);
	struct test_thp thp = test_thp_map(tm);
	unsigned long dst = map_dst(&uffd, 1), src = thp.addr;
	struct test_stat *stat;
	softleaf_t first;
	int deposits, cached;

	if (pgtable_supports_soft_dirty())
		KUNIT_ASSERT_EQ(test, 0,
				test_clear_refs(tm, TEST_CLEAR_REFS_SOFT_DIRTY));
	test_pmd_swap_out(tm, thp);
	stat = test_stat_begin(tm);
	deposits = test_deposits(tm, src);
	first = test_softleaf(tm, src);
	cached = test_slots(tm, src, TEST_PMD_NR).cached;

	move(&uffd, dst, src, PMD_SIZE);
	thp.addr = dst;

	expect_moved(tm, dst, first);
	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(tm, src)));
	if (pgtable_supports_soft_dirty())
		KUNIT_EXPECT_TRUE_MSG(test, pmd_swp_soft_dirty(test_pmd(tm, dst)),
				      "what moves is soft-dirty");
	KUNIT_EXPECT_EQ(test, test_deposits(tm, dst), deposits);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_slots(tm, dst, TEST_PMD_NR).cached, cached);
	TEST_EXPECT_EVENT(stat, "pswpin", 0);
	TEST_EXPECT_EVENT(stat, "thp_split_pmd", 0);

	/* What is in swap is not missing. */
	fault_until_mapped(tm, dst, 0);
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, dst));
	TEST_EXPECT_RSS(stat, TEST_PMD_NR, -TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
	TEST_EXPECT_ZERO(tm, src, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(tm, src, PMD_SIZE));
	KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(tm, dst, PMD_SIZE));
	TEST_EXPECT_RSS(stat, 0, -TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), -PTE_TABLE_BYTES);
}

/*
 * At the destination it belongs to another VMA, and so to another anon_vma: who
 * goes by rmap has to find it there, and swapoff() as well.
 */
static void pmd_swap_uffd_move_and_out_again(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_uffd uffd = open_uffd(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	unsigned long dst = map_dst(&uffd, 1), src = thp.addr;
	struct test_stat *stat = test_stat_begin(tm);
	struct folio *folio;

	move(&uffd, dst, src, PMD_SIZE);
	thp.addr = dst;
	/* The VMA it comes from, and the anon_vma of that, are gone. */
	KUNIT_ASSERT_EQ(test, 0, test_mm_munmap(tm, src, PMD_SIZE));
	fault_until_mapped(tm, dst, FAULT_FLAG_WRITE);
	KUNIT_ASSERT_TRUE(test, test_is_thp(tm, dst));
	folio = test_folio_get(tm, dst);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_EQ(test, folio->index, dst >> PAGE_SHIFT);
	folio_put(folio);
	thp.seed = test_pattern_new_seed();
	KUNIT_ASSERT_EQ(test, 0, test_pattern_fill(tm, dst, TEST_PMD_NR,
						   thp.seed, 0));

	/* Aborts if it stays mapped. */
	test_pmd_swap_out(tm, thp);
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_THP(tm, thp);
	test_pmd_swap_out(tm, thp);
	KUNIT_ASSERT_EQ(test, 0, test_swap_off(swap));
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, dst));
	TEST_EXPECT_THP(tm, thp);
	TEST_EXPECT_RSS(stat, TEST_PMD_NR, -TEST_PMD_NR);
}

struct bits_row {
	const char *name;
	bool soft_dirty;
	bool wp;	/* the source is write-protected */
	bool dst_wp;	/* the destination is registered for write protection */
	bool rwp;	/* the destination is registered for RWP */
};

static const struct bits_row bits_rows[] = {
	{ "none", false, false, false, false },
	{ "soft-dirty", true, false, false, false },
	{ "uffd-wp", false, true, false, false },
	{ "soft-dirty, uffd-wp", true, true, false, false },
	{ "uffd-wp to uffd-wp", false, true, true, false },
#ifdef UFFDIO_RWPROTECT
	{ "to RWP", false, false, false, true },
	{ "soft-dirty, to RWP", true, false, false, true },
#endif
};

KUNIT_ARRAY_PARAM_DESC(bits, bits_rows, name);

static struct test_uffd arm(struct test_mm *tm, const struct bits_row *row,
			    unsigned long src, unsigned long dst)
{
	u64 features = UFFD_FEATURE_MOVE | UFFD_FEATURE_SIGBUS;
	u64 mode = UFFDIO_REGISTER_MODE_MISSING;
	struct kunit *test = tm->test;
	struct test_uffd uffd;

	if (row->dst_wp)
		mode |= UFFDIO_REGISTER_MODE_WP;

#ifdef UFFDIO_RWPROTECT
	if (row->rwp) {
		features |= UFFD_FEATURE_RWP;
		mode |= UFFDIO_REGISTER_MODE_RWP;
	}
#endif
	uffd = test_uffd_open(tm, features);
	KUNIT_ASSERT_EQ(test, 0, test_uffd_register(&uffd, dst, PMD_SIZE, mode));
	if (row->wp) {
		KUNIT_ASSERT_EQ(test, 0,
				test_uffd_register(&uffd, src, PMD_SIZE,
						   UFFDIO_REGISTER_MODE_WP));
		KUNIT_ASSERT_EQ(test, 0, test_uffd_wp(&uffd, src, PMD_SIZE,
						      true));
	}
	return uffd;
}

/*
 * Whole or split, the bits are the same afterwards. What protected the source
 * does not move along, as it does not with a present page: the destination is
 * another VMA, in which nobody may look out for it, and a writable page with
 * that bit is an error.
 */
static void pmd_swap_uffd_move_bits(struct kunit *test)
{
	const struct bits_row *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	unsigned long dst, dst_ptes;
	struct test_thp thp, split;
	struct test_uffd uffd, uffd2;
	struct test_ptes n;
	pmd_t pmd;

	if (row->wp && !pgtable_supports_uffd())
		kunit_skip(test, "no userfaultfd bit here");
	if (!pgtable_supports_soft_dirty())
		kunit_skip(test, "no soft-dirty bit here");
	test_pmd_swap_on(tm);
	thp = test_thp_map(tm);
	split = test_thp_map(tm);
	dst = test_thp_reserve(tm, 1);
	dst_ptes = test_thp_reserve(tm, 1);
	uffd = arm(tm, row, thp.addr, dst);
	uffd2 = arm(tm, row, split.addr, dst_ptes);
	if (!row->soft_dirty)
		KUNIT_ASSERT_EQ(test, 0,
				test_clear_refs(tm, TEST_CLEAR_REFS_SOFT_DIRTY));
	test_pmd_swap_out(tm, thp);
	test_pmd_swap_out(tm, split);
	test_pmd_swap_split(tm, split);
	/* UFFDIO_MOVE wants all of it in one VMA. */
	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(tm, split.addr, PMD_SIZE,
						 MADV_DOFORK));

	move(&uffd, dst, thp.addr, PMD_SIZE);
	move(&uffd2, dst_ptes, split.addr, PMD_SIZE);

	n = test_count_ptes(tm, dst_ptes, TEST_PMD_NR);
	KUNIT_ASSERT_EQ(test, n.swap, TEST_PMD_NR);
	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(tm, dst));
	pmd = test_pmd(tm, dst);
	KUNIT_EXPECT_EQ(test, n.uffd, pmd_swp_uffd(pmd) ? TEST_PMD_NR : 0);
	KUNIT_EXPECT_EQ(test, n.soft_dirty,
			pmd_swp_soft_dirty(pmd) ? TEST_PMD_NR : 0);
	KUNIT_EXPECT_EQ(test, n.exclusive,
			pmd_swp_exclusive(pmd) ? TEST_PMD_NR : 0);
	KUNIT_EXPECT_TRUE(test, pmd_swp_soft_dirty(pmd));
	KUNIT_EXPECT_TRUE(test, pmd_swp_exclusive(pmd));
	KUNIT_EXPECT_EQ(test, !!pmd_swp_uffd(pmd), row->rwp);
#ifdef UFFDIO_RWPROTECT
	if (row->rwp) {
		char byte;

		KUNIT_EXPECT_EQ_MSG(test, test_mm_read(tm, &byte, dst, 1),
				    -EFAULT, "userfaultfd does not see a read");
		KUNIT_EXPECT_EQ(test, 0, test_uffd_rwp(&uffd, dst, PMD_SIZE,
						       false));
		KUNIT_EXPECT_EQ(test, 0, test_uffd_rwp(&uffd2, dst_ptes,
						       PMD_SIZE, false));
	}
#endif
	thp.addr = dst;
	TEST_EXPECT_THP(tm, thp);
	split.addr = dst_ptes;
	TEST_EXPECT_THP(tm, split);
	rewrite_page(tm, thp, 0);
	rewrite_page(tm, split, 0);
}

struct shared_row {
	const char *name;
	bool exits;	/* who shared it is gone: still not marked exclusive */
};

static const struct shared_row shared_rows[] = {
	{ "shared", false },
	{ "was shared", true },
};

KUNIT_ARRAY_PARAM_DESC(shared, shared_rows, name);

static void pmd_swap_uffd_move_shared(struct kunit *test)
{
	const struct shared_row *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_uffd uffd = open_uffd(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	unsigned long dst = map_dst(&uffd, 1);
	struct test_mm *child = test_mm_fork(tm);
	struct test_stat *stat = test_stat_begin(tm);
	pmd_t pmd = test_pmd(tm, thp.addr);
	s64 moved = 0;

	if (row->exits)
		test_mm_exit(child);

	KUNIT_EXPECT_EQ(test, test_uffd_move(&uffd, dst, thp.addr, PMD_SIZE,
					     &moved), -EBUSY);
	KUNIT_EXPECT_EQ(test, moved, (s64)-EBUSY);

	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(test_pmd(tm, thp.addr)),
			softleaf_raw_pmd(pmd));
	KUNIT_EXPECT_FALSE(test, test_is_pmd_swap(tm, dst));
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, row->exits ? 1 : 2);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
	if (!row->exits)
		TEST_EXPECT_THP(child, thp);
}

/* What is there already, and how far UFFDIO_MOVE gets. */
enum there {
	THERE_PMD_SWAP,
	THERE_THP,
	THERE_FIRST_PAGE,
	THERE_MIDDLE_PAGE,
};

struct occupied_row {
	const char *name;
	enum there there;
	int moved;	/* pages */
};

static const struct occupied_row occupied_rows[] = {
	{ "a PMD swap entry", THERE_PMD_SWAP, 0 },
	{ "a huge page", THERE_THP, 0 },
	{ "a page at the start", THERE_FIRST_PAGE, 0 },
	{ "a page in the middle", THERE_MIDDLE_PAGE, HPAGE_PMD_NR / 2 },
};

KUNIT_ARRAY_PARAM_DESC(occupied, occupied_rows, name);

static void pmd_swap_uffd_move_occupied(struct kunit *test)
{
	const struct occupied_row *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_uffd uffd = open_uffd(tm);
	struct test_thp thp = test_pmd_swap_map(tm), there = {};
	struct test_stat *stat;
	unsigned long dst;
	s64 moved = 0;
	int ret;

	switch (row->there) {
	case THERE_PMD_SWAP:
		there = test_pmd_swap_map(tm);
		break;
	case THERE_THP:
		there = test_thp_map(tm);
		break;
	default:
		/* Page by page. */
		there.addr = test_mm_map(tm, PMD_SIZE, PROT_READ | PROT_WRITE,
					 0);
		there.seed = test_pattern_new_seed();
		KUNIT_ASSERT_EQ(test, 0,
				test_pattern_fill(tm, there.addr + row->moved *
						  PAGE_SIZE, 1, there.seed,
						  row->moved));
		break;
	}
	dst = there.addr;
	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_register(&uffd, dst, PMD_SIZE,
					   UFFDIO_REGISTER_MODE_MISSING));
	stat = test_stat_begin(tm);

	ret = test_uffd_move(&uffd, dst, thp.addr, PMD_SIZE, &moved);

	KUNIT_EXPECT_EQ(test, ret, row->moved ? -EAGAIN : -EEXIST);
	KUNIT_EXPECT_EQ(test, moved, row->moved ? row->moved * (s64)PAGE_SIZE :
			-EEXIST);
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_SLOTS(tm, thp.addr + row->moved * PAGE_SIZE,
			  TEST_PMD_NR - row->moved, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap),
			row->there == THERE_PMD_SWAP ? 2 * TEST_PMD_NR :
			TEST_PMD_NR);
	if (row->there == THERE_PMD_SWAP)
		KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, dst));
	if (row->there == THERE_PMD_SWAP || row->there == THERE_THP) {
		KUNIT_EXPECT_TRUE_MSG(test, test_is_pmd_swap(tm, thp.addr),
				      "split for nothing");
		TEST_EXPECT_THP(tm, there);
		TEST_EXPECT_THP(tm, thp);
		return;
	}
	TEST_EXPECT_PATTERN(tm, dst, row->moved, thp.seed);
	TEST_EXPECT_PATTERN_AT(tm, dst + row->moved * PAGE_SIZE, 1, there.seed,
			       row->moved);
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + row->moved * PAGE_SIZE,
			       TEST_PMD_NR - row->moved, thp.seed, row->moved);
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
	{ "last page, to the first", HPAGE_PMD_NR - 1, 1, 0 },
	{ "all but the first page", 1, HPAGE_PMD_NR - 1, 1 },
	{ "all of it, to the next page", 0, HPAGE_PMD_NR, 1 },
	{ "all of it, by half", 0, HPAGE_PMD_NR, HALF },
};

KUNIT_ARRAY_PARAM_DESC(part, parts, name);

static void pmd_swap_uffd_move_part(struct kunit *test)
{
	const struct part *part = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_uffd uffd = open_uffd(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	unsigned long dst = map_dst(&uffd, 2) + part->to * PAGE_SIZE;
	softleaf_t first = test_softleaf(tm, thp.addr);
	struct test_stat *stat = test_stat_begin(tm);
	int end = part->first + part->nr;

	move(&uffd, dst, thp.addr + part->first * PAGE_SIZE,
	     part->nr * PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, test_softleaf(tm, dst).val,
			first.val + part->first);
	TEST_EXPECT_SLOTS(tm, dst, part->nr, 1);
	KUNIT_EXPECT_TRUE(test, test_slots(tm, dst, part->nr).contiguous);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, test_count_ptes(tm, thp.addr, TEST_PMD_NR).swap,
			TEST_PMD_NR - part->nr);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_EVENT(stat, "pswpin", 0);
	TEST_EXPECT_PATTERN_AT(tm, dst, part->nr, thp.seed, part->first);
	TEST_EXPECT_PATTERN(tm, thp.addr, part->first, thp.seed);
	TEST_EXPECT_PATTERN_AT(tm, thp.addr + end * PAGE_SIZE,
			       TEST_PMD_NR - end, thp.seed, end);
	TEST_EXPECT_RSS(stat, TEST_PMD_NR, -TEST_PMD_NR);
}

/* Entry, hole, entry. */
struct hole_row {
	const char *name;
	u64 mode;
	int moved;	/* PMDs */
};

static const struct hole_row hole_rows[] = {
	{ "holes allowed", UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES, 3 },
	{ "holes not allowed", 0, 1 },
};

KUNIT_ARRAY_PARAM_DESC(hole, hole_rows, name);

static void pmd_swap_uffd_move_hole(struct kunit *test)
{
	const struct hole_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_uffd uffd = open_uffd(s.tm);
	unsigned long src = test_thp_reserve(s.tm, 3), dst = map_dst(&uffd, 3);
	struct uffdio_move arg = { .dst = dst, .src = src, .len = 3 * PMD_SIZE,
				   .mode = row->mode };
	struct test_thp a = { src, test_pattern_new_seed() };
	struct test_thp b = { src + 2 * PMD_SIZE, test_pattern_new_seed() };
	int ret;

	KUNIT_ASSERT_EQ(test, 0, test_pattern_fill(s.tm, a.addr, TEST_PMD_NR,
						   a.seed, 0));
	KUNIT_ASSERT_EQ(test, 0, test_pattern_fill(s.tm, b.addr, TEST_PMD_NR,
						   b.seed, 0));
	test_pmd_swap_out(s.tm, a);
	test_pmd_swap_out(s.tm, b);
	test_stat_restart(s.stat);

	ret = test_uffd_ioctl(&uffd, UFFDIO_MOVE, &arg, sizeof(arg));

	KUNIT_EXPECT_EQ(test, ret, row->moved == 3 ? 0 : -EAGAIN);
	KUNIT_EXPECT_EQ(test, arg.move, (s64)(row->moved * PMD_SIZE));
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, dst));
	a.addr = dst;
	if (row->moved == 3)
		b.addr = dst + 2 * PMD_SIZE;
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, b.addr));
	KUNIT_EXPECT_EQ(test, test_count_ptes(s.tm, dst + PMD_SIZE,
					      TEST_PMD_NR).none, TEST_PMD_NR);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_THP(s.tm, a);
	TEST_EXPECT_THP(s.tm, b);
	TEST_EXPECT_RSS(s.stat, 2 * TEST_PMD_NR, -2 * TEST_PMD_NR);
}

/* What is missing, before and after. */
static void pmd_swap_uffd_missing(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_uffd uffd = open_uffd(s.tm);
	unsigned long dst = map_dst(&uffd, 1), src = s.thp.addr;

	pmd_swap_go_out(&s);
	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_register(&uffd, src, PMD_SIZE,
					   UFFDIO_REGISTER_MODE_MISSING));
	KUNIT_EXPECT_NE(test, test_mm_fault(s.tm, dst, 0) & VM_FAULT_SIGBUS, 0);

	move(&uffd, dst, src, PMD_SIZE);
	s.thp.addr = dst;

	KUNIT_EXPECT_NE_MSG(test, test_mm_fault(s.tm, src, 0) & VM_FAULT_SIGBUS,
			    0, "userfaultfd does not see that it is gone");
	fault_until_mapped(s.tm, dst, FAULT_FLAG_WRITE);
	expect_back_huge(&s);

	/* And back. */
	pmd_swap_go_out(&s);
	move(&uffd, src, dst, PMD_SIZE);
	s.thp.addr = src;
	fault_until_mapped(s.tm, src, 0);
	expect_back_huge(&s);
	KUNIT_EXPECT_NE(test, test_mm_fault(s.tm, dst, 0) & VM_FAULT_SIGBUS, 0);
}

/* Ways to fill a range that is missing. */
struct fill_row {
	const char *name;
	unsigned int cmd;
	unsigned int page;
	unsigned int nr;
};

static const struct fill_row fill_rows[] = {
	{ "UFFDIO_COPY of the first page", UFFDIO_COPY, 0, 1 },
	{ "UFFDIO_COPY of the last page", UFFDIO_COPY, HPAGE_PMD_NR - 1, 1 },
	{ "UFFDIO_COPY of all", UFFDIO_COPY, 0, HPAGE_PMD_NR },
	{ "UFFDIO_ZEROPAGE of a page", UFFDIO_ZEROPAGE, HALF, 1 },
	{ "UFFDIO_ZEROPAGE of all", UFFDIO_ZEROPAGE, 0, HPAGE_PMD_NR },
	{ "UFFDIO_POISON of a page", UFFDIO_POISON, 1, 1 },
	{ "UFFDIO_POISON of all", UFFDIO_POISON, 0, HPAGE_PMD_NR },
};

KUNIT_ARRAY_PARAM_DESC(fill, fill_rows, name);

static int fill(struct test_uffd *uffd, const struct fill_row *row,
		unsigned long addr, unsigned long from)
{
	unsigned long len = row->nr * PAGE_SIZE;
	struct uffdio_copy copy = { .dst = addr, .src = from, .len = len };
	struct uffdio_zeropage zero = { .range = { addr, len } };
	struct uffdio_poison poison = { .range = { addr, len } };

	switch (row->cmd) {
	case UFFDIO_COPY:
		return test_uffd_ioctl(uffd, row->cmd, &copy, sizeof(copy));
	case UFFDIO_ZEROPAGE:
		return test_uffd_ioctl(uffd, row->cmd, &zero, sizeof(zero));
	default:
		return test_uffd_ioctl(uffd, row->cmd, &poison, sizeof(poison));
	}
}

static void pmd_swap_uffd_fill_over(struct kunit *test)
{
	const struct fill_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_uffd uffd = open_uffd(s.tm);
	struct test_thp other = test_thp_map(s.tm);
	pmd_t pmd;

	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_register(&uffd, s.thp.addr, PMD_SIZE,
					   UFFDIO_REGISTER_MODE_MISSING));
	pmd_swap_go_out(&s);
	test_stat_restart(s.stat);
	pmd = test_pmd(s.tm, s.thp.addr);

	KUNIT_EXPECT_EQ(test, fill(&uffd, row, pmd_swap_addr(&s, row->page),
				   other.addr), -EEXIST);

	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(test_pmd(s.tm, s.thp.addr)),
			softleaf_raw_pmd(pmd));
	TEST_EXPECT_RSS(s.stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(s.stat), 0);
	TEST_EXPECT_SLOTS(s.tm, s.thp.addr, TEST_PMD_NR, 1);
	TEST_EXPECT_THP(s.tm, s.thp);
}

/* A part of it was read in page by page: it is moved so. */
static void pmd_swap_uffd_move_mixed(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_uffd uffd = open_uffd(s.tm);
	unsigned long dst = map_dst(&uffd, 1), src = s.thp.addr;

	pmd_swap_go_out(&s);
	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(s.tm, src, PMD_SIZE,
						 MADV_NOHUGEPAGE));
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(s.tm, pmd_swap_addr(&s, LAST), PAGE_SIZE,
					MADV_WILLNEED));
	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(s.tm, src));
	if (test_slots(s.tm, src, TEST_PMD_NR).cached != 1)
		kunit_skip(test, "MADV_WILLNEED does not read in a page of a PMD swap entry");

	move(&uffd, dst, src, PMD_SIZE);
	s.thp.addr = dst;

	KUNIT_EXPECT_EQ(test, test_count_ptes(s.tm, dst, TEST_PMD_NR).swap,
			TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_count_ptes(s.tm, src, TEST_PMD_NR).none,
			TEST_PMD_NR);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_SLOTS(s.tm, dst, TEST_PMD_NR, 1);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}

struct move_call {
	struct test_uffd *uffd;
	unsigned long arg;
};

static long move_call(void *data)
{
	struct move_call *call = data;

	return call->uffd->file->f_op->unlocked_ioctl(call->uffd->file,
						      UFFDIO_MOVE, call->arg);
}

/* What happens while UFFDIO_MOVE waits for the folio. */
enum meanwhile {
	MEANWHILE_LEFT_CACHE,
	MEANWHILE_ZAPPED,
	MEANWHILE_DST_FILLED,
};

struct meanwhile_row {
	const char *name;
	enum meanwhile what;
	int ret;
};

static const struct meanwhile_row meanwhile_rows[] = {
	{ "the folio leaves the swap cache", MEANWHILE_LEFT_CACHE, 0 },
	{ "the source is zapped", MEANWHILE_ZAPPED, -ENOENT },
	{ "the destination is filled", MEANWHILE_DST_FILLED, -EEXIST },
};

KUNIT_ARRAY_PARAM_DESC(meanwhile, meanwhile_rows, name);

static void pmd_swap_uffd_move_meanwhile(struct kunit *test)
{
	const struct meanwhile_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct test_uffd uffd = open_uffd(s.tm);
	unsigned long dst = map_dst(&uffd, 1), src = s.thp.addr;
	struct uffdio_move arg = { .dst = dst, .src = src, .len = PMD_SIZE };
	struct uffdio_zeropage zero = { .range = { dst, PAGE_SIZE } };
	struct move_call call = { .uffd = &uffd };
	struct test_call *thread;
	struct folio *folio;
	softleaf_t first;
	pgoff_t index;

	pmd_swap_go_out_cached(&s);
	first = first_slot(&s);
	folio = get_cached(&s);
	index = folio->index;
	call.arg = test_mm_put_arg(s.tm, &arg, sizeof(arg));
	folio_lock(folio);
	thread = test_call_start(s.tm, move_call, &call);
	KUNIT_EXPECT_TRUE_MSG(test, test_call_sleeps(thread),
			      "UFFDIO_MOVE does not wait for the folio");
	switch (row->what) {
	case MEANWHILE_LEFT_CACHE:
		KUNIT_EXPECT_FALSE(test, folio_test_dirty(folio));
		swap_cache_del_folio(folio);
		break;
	case MEANWHILE_ZAPPED:
		KUNIT_EXPECT_EQ(test, 0, test_mm_madvise(s.tm, src, PMD_SIZE,
							 MADV_DONTNEED));
		break;
	case MEANWHILE_DST_FILLED:
		KUNIT_EXPECT_EQ(test, 0, test_uffd_ioctl(&uffd, UFFDIO_ZEROPAGE,
							 &zero, sizeof(zero)));
		break;
	}
	folio_unlock(folio);

	KUNIT_EXPECT_EQ(test, test_call_wait(thread), row->ret);
	KUNIT_EXPECT_EQ_MSG(test, folio->index, index,
			    "the folio was not the one to move");
	folio_put(folio);

	switch (row->what) {
	case MEANWHILE_LEFT_CACHE:
		expect_moved(s.tm, dst, first);
		s.thp.addr = dst;
		expect_rss_as_mapped(&s);
		TEST_EXPECT_THP(s.tm, s.thp);
		KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
		break;
	case MEANWHILE_ZAPPED:
		KUNIT_EXPECT_FALSE(test, test_is_pmd_swap(s.tm, dst));
		TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, 0);
		TEST_EXPECT_ZERO(s.tm, src, TEST_PMD_NR);
		break;
	case MEANWHILE_DST_FILLED:
		TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
		TEST_EXPECT_SLOTS(s.tm, src, TEST_PMD_NR, 1);
		TEST_EXPECT_ZERO(s.tm, dst, 1);
		TEST_EXPECT_THP(s.tm, s.thp);
		break;
	}
}

struct revive {
	struct pmd_swap *s;
	unsigned long src;
};

/* Return: whether the entry has stayed for as long as the device was dead. */
static long revive_call(void *data)
{
	struct revive *revive = data;
	bool stayed;

	/* Let it try at least once: it is next, and no other gets in between. */
	schedule_timeout_uninterruptible(2);
	stayed = test_is_pmd_swap(revive->s->tm, revive->src);
	swap_device_revive(revive->s->swap);
	return stayed;
}

/*
 * UFFDIO_MOVE that finds the device dead looks again, until swapoff() has put
 * something else there. Here that is the old entry, so nothing is lost.
 */
static void pmd_swap_uffd_move_swapoff_under_way(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_uffd uffd = open_uffd(s.tm);
	unsigned long dst = map_dst(&uffd, 1), src = s.thp.addr;
	struct revive revive = { .s = &s, .src = src };
	struct test_call *call;
	softleaf_t first;
	s64 moved = 0;
	int ret;

	pmd_swap_go_out(&s);
	first = first_slot(&s);
	swap_device_kill(s.swap);
	/* It has its turn when UFFDIO_MOVE, which tries and tries, gives way. */
	call = test_call_start(s.tm, revive_call, &revive);
	ret = test_uffd_move(&uffd, dst, src, PMD_SIZE, &moved);
	KUNIT_EXPECT_EQ_MSG(test, test_call_wait(call), 1L,
			    "moved while the device was dead");

	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, moved, (s64)PMD_SIZE);
	expect_moved(s.tm, dst, first);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	s.thp.addr = dst;
	TEST_EXPECT_THP(s.tm, s.thp);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}

static struct kunit_case pmd_swap_uffd_cases[] = {
	KUNIT_CASE_PARAM(pmd_swap_uffd_move_whole, test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_uffd_move_and_out_again,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_uffd_move_bits, bits_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_uffd_move_shared, shared_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_uffd_move_occupied, occupied_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_uffd_move_part, part_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_uffd_move_hole, hole_gen_params),
	KUNIT_CASE(pmd_swap_uffd_missing),
	KUNIT_CASE_PARAM(pmd_swap_uffd_fill_over, fill_gen_params),
	KUNIT_CASE(pmd_swap_uffd_move_mixed),
	KUNIT_CASE_PARAM(pmd_swap_uffd_move_meanwhile, meanwhile_gen_params),
	KUNIT_CASE(pmd_swap_uffd_move_swapoff_under_way),
	{}
};

static int pmd_swap_uffd_init(struct kunit *test)
{
	test_pmd_swap_require(test);
	return 0;
}

static struct kunit_suite pmd_swap_uffd_suite = {
	.name = "pmd_swap_uffd",
	.init = pmd_swap_uffd_init,
	.test_cases = pmd_swap_uffd_cases,
};

kunit_test_suite(pmd_swap_uffd_suite);

MODULE_DESCRIPTION("KUnit suite for userfaultfd and PMD swap entries");
MODULE_LICENSE("GPL");
