/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites of PMD swap-out and swap-in share: one huge page, on the way
 * to swap and back.
 *
 * Kept apart from the fixtures because all of it is about PMD swap entries:
 * what is set up here is looked at by every case below it.
 */
#ifndef _PMD_SWAP_HELPERS_H
#define _PMD_SWAP_HELPERS_H

#include <linux/completion.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/percpu-refcount.h>
#include <linux/swap_ops.h>

#include <trace/events/kmem.h>

#include "../../internal.h"
#include "../../swap.h"
#include "../../swap_table.h"
#include "compat.h"
#include "fixtures/disk.h"
#include "fixtures/fixtures.h"
#include "fixtures/pmd_swap.h"

/*
 * Without PMD swap entries every case is skipped before it asks. The port to UML
 * has it in any tree.
 */
#if !defined(TREE_HAS_PMD_SWP_EXCLUSIVE) && !defined(CONFIG_UML)
static inline bool pmd_swp_exclusive(pmd_t pmd)
{
	return false;
}
#endif

/* Of a device with room for a usual swap area and its header. */
#define DISK_PAGES		(TEST_SWAP_SLOTS + 1)
#define DISK_SYNC		BLK_FEAT_SYNCHRONOUS
#define DISK_ASYNC		((__force blk_features_t)0)

/*
 * Faults that one access may take: one that finds something changed, one that
 * splits and maps, and one for good measure. A fault that returns without an
 * error and without progress would be repeated for ever.
 */
#define MAX_FAULTS		3

/**
 * struct pmd_swap - a huge page and where it goes
 * @disk: the device of the swap area
 * @swap: the swap area
 * @tm: the address space
 * @thp: the huge page
 * @stat: the counters of @tm while the huge page was mapped
 */
struct pmd_swap {
	struct test_disk *disk;
	struct test_swap *swap;
	struct test_mm *tm;
	struct test_thp thp;
	struct test_stat *stat;
};

/* A huge page that is mapped, and a swap area to go to. */
static inline struct pmd_swap pmd_swap_begin(struct kunit *test,
					     blk_features_t features)
{
	struct pmd_swap s;

	test_pmd_swap_require(test);
	s.disk = test_disk_create(test, DISK_PAGES, features);
	s.tm = test_mm_create(test);
	s.swap = test_swap_on(s.tm, s.disk->dev, TEST_SWAP_SLOTS,
			      TEST_SWAP_NO_PRIO);
	s.thp = test_thp_map(s.tm);
	s.stat = test_stat_begin(s.tm);
	return s;
}

/* Out to a PMD swap entry; nothing stays in the swap cache. */
static inline void pmd_swap_go_out(struct pmd_swap *s)
{
	test_pmd_swap_out(s->tm, s->thp);
	s->disk->reads = 0;
	s->disk->read_requests = 0;
}

/*
 * Unmapped, and its write to the device under way until it is released. Of a
 * synchronous device the write would be waited for.
 */
static inline void pmd_swap_go_to_writeback(struct pmd_swap *s)
{
	struct kunit *test = s->tm->test;

	test_disk_hold(s->disk, TEST_DISK_WRITES);
	KUNIT_ASSERT_EQ(test, 0, test_pageout(s->tm, s->thp.addr, TEST_PMD_NR));
	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(s->tm, s->thp.addr));
	KUNIT_ASSERT_TRUE(test, test_disk_is_holding(s->disk));
	s->disk->reads = 0;
	s->disk->read_requests = 0;
}

static inline bool pmd_swap_is_sync(struct pmd_swap *s)
{
	return bdev_synchronous(s->disk->disk->part0);
}

/*
 * Out to a PMD swap entry; the huge page is in the swap cache. On an
 * asynchronous device it has stayed there, and is anonymous memory still; on
 * another one it was read again, and nobody has mapped it yet.
 */
static inline void pmd_swap_go_out_cached(struct pmd_swap *s)
{
	struct kunit *test = s->tm->test;
	struct test_slots slots;

	if (pmd_swap_is_sync(s)) {
		pmd_swap_go_out(s);
		KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(s->tm, s->thp.addr,
							 PMD_SIZE,
							 MADV_WILLNEED));
		if (!s->disk->reads)
			kunit_skip(test, "MADV_WILLNEED does not read in PMD swap entries");
		s->disk->reads = 0;
	} else {
		pmd_swap_go_to_writeback(s);
		test_disk_release(s->disk);
	}
	slots = test_slots(s->tm, s->thp.addr, TEST_PMD_NR);
	KUNIT_ASSERT_EQ(test, slots.cached, TEST_PMD_NR);
}

static inline unsigned long pmd_swap_addr(struct pmd_swap *s, unsigned int page)
{
	return s->thp.addr + page * PAGE_SIZE;
}

/* What one access to a page in memory needs is there. */
static inline bool is_mapped(struct test_mm *tm, unsigned long addr, bool write)
{
	if (test_is_thp(tm, addr))
		return !write || pmd_write(test_pmd(tm, addr));
	if (!test_has_pte_table(tm, addr) || !pte_present(test_pte(tm, addr)))
		return false;
	return !write || pte_write(test_pte(tm, addr));
}

/*
 * Faults until a page is there, with FAULT_FLAG_WRITE until it can be written
 * to. How many it took; aborts the case after too many of them.
 */
static inline int fault_until_mapped(struct test_mm *tm, unsigned long addr,
				     unsigned int flags)
{
	int nr;

	for (nr = 1; nr <= MAX_FAULTS; nr++) {
		vm_fault_t ret = test_mm_fault(tm, addr, flags);

		KUNIT_ASSERT_EQ_MSG(tm->test, ret & VM_FAULT_ERROR, 0,
				    "fault %d", nr);
		if (is_mapped(tm, addr, flags & FAULT_FLAG_WRITE))
			return nr;
	}
	KUNIT_FAIL_AND_ABORT(tm->test,
			     "%d faults have not mapped the page",
			     MAX_FAULTS);
	return nr;
}

/* What the page table of a huge page says that the counters ought to be. */
static inline void count_mapped(struct test_mm *tm, unsigned long addr,
				long *anon, long *swap)
{
	pmd_t pmd = test_pmd(tm, addr);
	struct test_ptes n;
	int page;

	*anon = 0;
	*swap = 0;
	if (!test_has_pte_table(tm, addr)) {
		if (test_is_pmd_swap(tm, addr))
			*swap = TEST_PMD_NR;
		else if (pmd_trans_huge(pmd) && !is_huge_zero_pmd(pmd))
			*anon = TEST_PMD_NR;
		return;
	}
	n = test_count_ptes(tm, addr, TEST_PMD_NR);
	*swap = n.swap;
	for (page = 0; n.present && page < TEST_PMD_NR; page++) {
		pte_t pte = test_pte(tm, addr + page * PAGE_SIZE);

		*anon += pte_present(pte) && !is_zero_pfn(pte_pfn(pte));
	}
}

/* The counters of the address space are what its page table says. */
static inline void expect_rss_as_mapped(struct pmd_swap *s)
{
	long anon, swap;

	count_mapped(s->tm, s->thp.addr, &anon, &swap);
	TEST_EXPECT_RSS(s->stat, anon - TEST_PMD_NR, swap);
}

/* All of it is back, as one huge page that has its page table deposited. */
static inline void expect_back_huge(struct pmd_swap *s)
{
	struct kunit *test = s->tm->test;

	KUNIT_EXPECT_TRUE_MSG(test, test_is_thp(s->tm, s->thp.addr),
			      "not mapped by a PMD");
	TEST_EXPECT_RSS(s->stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(s->stat), 0);
	TEST_EXPECT_THP(s->tm, s->thp);
}

/* It came back page by page, or is about to. */
static inline void expect_split(struct pmd_swap *s)
{
	struct kunit *test = s->tm->test;

	KUNIT_EXPECT_TRUE_MSG(test, test_has_pte_table(s->tm, s->thp.addr),
			      "no page table: the PMD was not split");
	expect_rss_as_mapped(s);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(s->stat), 0);
}

/* The first slot of a PMD swap entry. */
static inline softleaf_t first_slot(struct pmd_swap *s)
{
	softleaf_t entry = test_softleaf(s->tm, s->thp.addr);

	KUNIT_ASSERT_TRUE(s->tm->test, softleaf_is_swap(entry));
	return entry;
}

/* The folio in the swap cache, with a reference. */
static inline struct folio *get_cached(struct pmd_swap *s)
{
	struct folio *folio = swap_cache_get_folio(first_slot(s));

	KUNIT_ASSERT_NOT_NULL(s->tm->test, folio);
	return folio;
}

/* Set the swap count of a slot that is not cached. */
static inline void set_slot_count(struct test_swap *swap, softleaf_t entry,
				  int count)
{
	unsigned int offset = swp_cluster_offset(entry);
	struct swap_cluster_info *ci;
	unsigned long swp_tb;

	ci = swap_cluster_lock(swap->si, swp_offset(entry));
	swp_tb = __swap_table_get(ci, offset);
	__swap_table_set(ci, offset, __swp_tb_mk_count(swp_tb, count));
	swap_cluster_unlock(ci);
}

/*
 * The device as it is for those who have read the PMD just before swapoff() has
 * replaced it, and only then ask for a reference: there is none to be had. Let
 * nothing abort the case until swap_device_revive().
 */
static inline void swap_device_kill(struct test_swap *swap)
{
	percpu_ref_kill(&swap->si->users);
	wait_for_completion(&swap->si->comp);
}

static inline void swap_device_revive(struct test_swap *swap)
{
	reinit_completion(&swap->si->comp);
	percpu_ref_reinit(&swap->si->users);
}

/**
 * struct other_reader - reads a slot when a huge page was allocated for it
 * @entry: the slot
 * @vma: whose page it will be
 * @addr: its address
 * @folio: of one page, locked and in the swap cache; not read yet
 *
 * Between the look at the swap cache, which found nothing, and the moment at
 * which the huge page is put there. As the read-ahead of another process does.
 */
struct other_reader {
	softleaf_t entry;
	struct vm_area_struct *vma;
	unsigned long addr;
	struct folio *folio;
};

static inline void other_reader_probe(void *data, struct page *page,
				      unsigned int order, gfp_t gfp,
				      int migratetype)
{
	struct other_reader *reader = data;
	struct vm_fault vmf = {
		.vma = reader->vma,
		.address = reader->addr,
		.real_address = reader->addr,
	};

	if (!page || order != HPAGE_PMD_ORDER || reader->folio)
		return;
	reader->folio = swap_cache_alloc_folio(reader->entry, GFP_NOWAIT, BIT(0),
					       &vmf, NULL, 0);
}

static inline void other_reader_begin(struct other_reader *reader,
				      struct test_mm *tm, unsigned long addr)
{
	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(tm->test,
			   "needs CONFIG_TRACEPOINTS to do something at the right moment");
	*reader = (struct other_reader) {
		.entry = test_softleaf(tm, addr),
		.addr = addr,
	};
	mmap_read_lock(tm->mm);
	reader->vma = vma_lookup(tm->mm, addr);
	mmap_read_unlock(tm->mm);
	KUNIT_ASSERT_EQ(tm->test, 0,
			register_trace_mm_page_alloc(other_reader_probe, reader));
}

/* It reads what it has taken for itself. Whether it has taken anything. */
static inline bool other_reader_end(struct other_reader *reader)
{
	struct swap_io_ctx ctx = {};

	unregister_trace_mm_page_alloc(other_reader_probe, reader);
	tracepoint_synchronize_unregister();
	if (IS_ERR_OR_NULL(reader->folio))
		return false;
	swap_read_folio(&ctx, reader->folio);
	swap_read_submit(&ctx);
	folio_put(reader->folio);
	return true;
}

/* Events that a kernel with PMD swap entries may count, or leave out. */
#define EXPECT_EVENT_IF_ANY(stat, name, count)				\
do {									\
	const char *__event = (name);					\
									\
	if (test_has_event(__event))					\
		TEST_EXPECT_EVENT(stat, __event, count);		\
} while (0)

/* /sys/kernel/mm/transparent_hugepage/hugepages-<size>kB/stats */
static inline unsigned long mthp_stat(int order, enum mthp_stat_item item)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(mthp_stats, cpu).stats[order][item];
	return sum;
}

/*
 * A child that shares the slots and has them in a page table of its own: what
 * it does to a page of them, the PMD swap entry of the parent has to find out.
 */
static inline struct test_mm *fork_and_split(struct pmd_swap *s)
{
	struct test_mm *child = test_mm_fork(s->tm);

	test_pmd_swap_split(child, s->thp);
	return child;
}

/* The child reads one page: a folio of order 0 in the swap cache. */
static inline void cache_one_page(struct pmd_swap *s, struct test_mm *child,
				  unsigned int page)
{
	struct kunit *test = s->tm->test;
	char byte;

	KUNIT_ASSERT_EQ(test, 0, test_mm_read(child, &byte,
					      pmd_swap_addr(s, page), 1));
	KUNIT_ASSERT_EQ(test, test_slots(s->tm, s->thp.addr,
					 TEST_PMD_NR).cached, 1);
	KUNIT_ASSERT_EQ(test, test_slots(s->tm, pmd_swap_addr(s, page),
					 1).cached, 1);
}

/* All but one page as they were, and that one zero. */
static inline void expect_zero_at(struct test_mm *tm, struct test_thp thp,
				  unsigned int page)
{
	unsigned long addr = thp.addr + page * PAGE_SIZE;

	TEST_EXPECT_PATTERN(tm, thp.addr, page, thp.seed);
	TEST_EXPECT_ZERO(tm, addr, 1);
	TEST_EXPECT_PATTERN_AT(tm, addr + PAGE_SIZE, TEST_PMD_NR - page - 1,
			       thp.seed, page + 1);
}

/* Write a page anew: its words are as of another seed from now on. */
static inline u32 rewrite_page(struct test_mm *tm, struct test_thp thp,
			       unsigned int page)
{
	u32 seed = test_pattern_new_seed();

	KUNIT_EXPECT_EQ(tm->test, 0,
			test_pattern_fill(tm, thp.addr + page * PAGE_SIZE, 1,
					  seed, page));
	return seed;
}

static inline void expect_rewritten(struct test_mm *tm, struct test_thp thp,
				    unsigned int page, u32 seed)
{
	unsigned long addr = thp.addr + page * PAGE_SIZE;

	TEST_EXPECT_PATTERN(tm, thp.addr, page, thp.seed);
	TEST_EXPECT_PATTERN_AT(tm, addr, 1, seed, page);
	TEST_EXPECT_PATTERN_AT(tm, addr + PAGE_SIZE, TEST_PMD_NR - page - 1,
			       thp.seed, page + 1);
}

#endif /* _PMD_SWAP_HELPERS_H */
