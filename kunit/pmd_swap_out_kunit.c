// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "pmd_swap_out": reclaim replaces a huge PMD by one swap entry.
 *
 *	tools/testing/kunit/kunit.py run --kernel_args=ubd0=<file> pmd_swap_out
 *
 * What may be swapped out that way is, with all its bits, and what may not
 * takes the path it always took. A failure on the way leaves the PMD exactly as
 * it was.
 *
 * Entered through MADV_PAGEOUT. It leaves shared folios alone: these are handed
 * to the reclaim behind it, as any other reclaim would.
 */
#include <kunit/test.h>
#include <linux/kallsyms.h>
#include <linux/rmap.h>
#include <linux/swap.h>

#include "fixtures/inject.h"
#include "fixtures/shmem.h"
#include "fixtures/syscall.h"
#include "pmd_swap_helpers.h"

/*
 * So many processes that the count of a slot does not fit into its swap table
 * entry any more, which has up to 5 bits for it.
 */
#define MANY_CHILDREN	31

/* What shrink_folio_list() gets from any reclaim: the folio at an address. */
static void reclaim_folio(struct test_mm *tm, unsigned long addr)
{
	struct folio *folio;
	LIST_HEAD(list);

	/* A reference of a per-CPU batch would keep it. */
	lru_add_drain_all();
	folio = test_folio_get(tm, addr);
	KUNIT_ASSERT_NOT_NULL(tm->test, folio);
	if (folio_isolate_lru(folio))
		list_add(&folio->lru, &list);
	folio_put(folio);
	KUNIT_ASSERT_FALSE_MSG(tm->test, list_empty(&list),
			       "the folio is not on an LRU list");
	reclaim_pages(&list);
}

struct device_row {
	const char *name;
	dev_t dev;
};

static const struct device_row device_rows[] = {
	{ "ram", TEST_SWAP_RAM(0) },
	{ "ubd", TEST_SWAP_UBD },
};

KUNIT_ARRAY_PARAM_DESC(device, device_rows, name);

static void pmd_swap_out_success(struct kunit *test)
{
	const struct device_row *row = test->param_value;
	struct test_swap *swap;
	struct test_stat *stat;
	struct test_slots slots;
	struct test_thp thp;
	struct test_mm *tm;
	int deposits;

	test_pmd_swap_require(test);
	tm = test_mm_create(test);
	swap = test_swap_on(tm, row->dev, TEST_SWAP_SLOTS, TEST_SWAP_NO_PRIO);
	thp = test_thp_map(tm);
	stat = test_stat_begin(tm);
	deposits = test_deposits(tm, thp.addr);
	KUNIT_EXPECT_TRUE(test, list_empty(&tm->mm->mmlist));

	KUNIT_ASSERT_EQ(test, 0, test_pageout(tm, thp.addr, TEST_PMD_NR));

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	KUNIT_EXPECT_TRUE(test, pmd_swp_exclusive(test_pmd(tm, thp.addr)));
	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_EVENT(stat, "thp_swpout_pmd", 1);
	TEST_EXPECT_EVENT(stat, "thp_swpout", 1);
	TEST_EXPECT_EVENT(stat, "thp_swpout_fallback", 0);
	TEST_EXPECT_EVENT(stat, "thp_split_pmd", 0);
	TEST_EXPECT_EVENT(stat, "thp_split_page", 0);
	TEST_EXPECT_EVENT(stat, "pswpout", TEST_PMD_NR);
	slots = test_slots(tm, thp.addr, TEST_PMD_NR);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_TRUE(test, slots.contiguous);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	/* The page table stays aside, and swapoff() knows where to look. */
	KUNIT_EXPECT_EQ(test, test_deposits(tm, thp.addr), deposits);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	KUNIT_EXPECT_FALSE_MSG(test, list_empty(&tm->mm->mmlist),
			       "not on the mmlist");
	KUNIT_EXPECT_EQ(test, test_smaps_kb(tm, thp.addr, "Swap"),
			PMD_SIZE / SZ_1K);
	KUNIT_EXPECT_EQ(test, test_smaps_kb(tm, thp.addr, "AnonHugePages"), 0);

	TEST_EXPECT_THP(tm, thp);
	TEST_EXPECT_RSS(stat, 0, 0);
}

/* Another huge page of the address space is not concerned. */
static void pmd_swap_out_neighbour(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_thp other = test_thp_map(s.tm);
	int deposits = test_deposits(s.tm, s.thp.addr);

	test_stat_restart(s.stat);
	pmd_swap_go_out(&s);

	KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, other.addr));
	KUNIT_EXPECT_EQ(test, test_deposits(s.tm, s.thp.addr), deposits);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_THP(s.tm, other);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

static void pmd_swap_out_shared(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *child = test_mm_fork(s.tm);
	struct test_stat *stat2 = test_stat_begin(child);

	reclaim_folio(s.tm, s.thp.addr);

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(child, s.thp.addr));
	KUNIT_EXPECT_FALSE(test, pmd_swp_exclusive(test_pmd(s.tm, s.thp.addr)));
	KUNIT_EXPECT_FALSE(test, pmd_swp_exclusive(test_pmd(child,
							    s.thp.addr)));
	TEST_EXPECT_EVENT(s.stat, "thp_swpout_pmd", 2);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_RSS(stat2, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_SLOTS(s.tm, s.thp.addr, TEST_PMD_NR, 2);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), TEST_PMD_NR);
	KUNIT_EXPECT_FALSE(test, list_empty(&child->mm->mmlist));
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_THP(child, s.thp);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), 0);
}

/* One process maps it by a PMD, the other half of it by PTEs. */
static void pmd_swap_out_shared_by_ptes(struct kunit *test)
{
	const unsigned int half = TEST_PMD_NR / 2;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *child = test_mm_fork(s.tm);
	struct test_stat *stat2 = test_stat_begin(child);
	softleaf_t first;

	KUNIT_ASSERT_EQ(test, 0, test_mm_munmap(child, s.thp.addr,
						PMD_SIZE / 2));
	reclaim_folio(s.tm, s.thp.addr);

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	KUNIT_EXPECT_EQ(test, test_count_ptes(child, pmd_swap_addr(&s, half),
					      half).swap, half);
	TEST_EXPECT_EVENT(s.stat, "thp_swpout_pmd", 1);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_RSS(stat2, -TEST_PMD_NR, half);
	first = first_slot(&s);
	TEST_EXPECT_COUNT(test, first, half, 1);
	first.val += half;
	TEST_EXPECT_COUNT(test, first, half, 2);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_PATTERN_AT(child, pmd_swap_addr(&s, half), half,
			       s.thp.seed, half);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), 0);
}

/**
 * struct family - processes that share a huge page
 * @tm: the processes
 * @stat: their counters, while it was mapped
 * @pmd: their PMDs then
 */
struct family {
	struct test_mm *tm[MANY_CHILDREN + 1];
	struct test_stat *stat[MANY_CHILDREN + 1];
	pmd_t pmd[MANY_CHILDREN + 1];
};

static struct family *make_family(struct pmd_swap *s)
{
	struct kunit *test = s->tm->test;
	struct family *family = kunit_kzalloc(test, sizeof(*family),
					      GFP_KERNEL);
	int i;

	KUNIT_ASSERT_GE(test, MANY_CHILDREN, SWP_TB_COUNT_MAX);
	KUNIT_ASSERT_NOT_NULL(test, family);
	for (i = 0; i < ARRAY_SIZE(family->tm); i++)
		family->tm[i] = i ? test_mm_fork(s->tm) : s->tm;
	for (i = 0; i < ARRAY_SIZE(family->tm); i++) {
		family->stat[i] = test_stat_begin(family->tm[i]);
		family->pmd[i] = test_pmd(family->tm[i], s->thp.addr);
	}
	return family;
}

/* Each member has it mapped or swapped out; how many have it swapped out. */
static int expect_family(struct pmd_swap *s, struct family *family)
{
	struct kunit *test = s->tm->test;
	int i, swapped = 0;

	for (i = 0; i < ARRAY_SIZE(family->tm); i++) {
		if (test_is_pmd_swap(family->tm[i], s->thp.addr)) {
			TEST_EXPECT_RSS(family->stat[i], -TEST_PMD_NR,
					TEST_PMD_NR);
			swapped++;
			continue;
		}
		KUNIT_EXPECT_EQ_MSG(test, pmd_val(family->pmd[i]),
				    pmd_val(test_pmd(family->tm[i],
						     s->thp.addr)),
				    "the PMD is not as it was");
		TEST_EXPECT_RSS(family->stat[i], 0, 0);
	}
	return swapped;
}

static void pmd_swap_out_many_sharers(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct family *family = make_family(&s);
	int i;

	reclaim_folio(s.tm, s.thp.addr);

	KUNIT_EXPECT_EQ(test, expect_family(&s, family), MANY_CHILDREN + 1);
	TEST_EXPECT_SLOTS(s.tm, s.thp.addr, TEST_PMD_NR, MANY_CHILDREN + 1);
	TEST_EXPECT_EVENT(s.stat, "thp_swpout_pmd", MANY_CHILDREN + 1);
	for (i = 0; i < ARRAY_SIZE(family->tm); i++)
		TEST_EXPECT_THP(family->tm[i], s.thp);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), 0);
}

/* The last process needs a larger table for the counts, and there is none. */
static void pmd_swap_out_no_count(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct family *family = make_family(&s);
	struct test_inject *inject;
	softleaf_t first = {};
	int i, swapped;

	inject = test_inject_begin(s.tm, TEST_INJECT_SLAB, "try_to_unmap", 0,
				   TEST_INJECT_ALWAYS);
	reclaim_folio(s.tm, s.thp.addr);
	KUNIT_EXPECT_GE_MSG(test, test_inject_end(inject), 1,
			    "allocations that have failed");

	swapped = expect_family(&s, family);
	KUNIT_EXPECT_GE(test, swapped, 1);
	KUNIT_EXPECT_LE(test, swapped, MANY_CHILDREN);
	TEST_EXPECT_EVENT(s.stat, "thp_swpout_pmd", swapped);
	for (i = 0; i < ARRAY_SIZE(family->tm); i++)
		if (test_is_pmd_swap(family->tm[i], s.thp.addr))
			first = test_softleaf(family->tm[i], s.thp.addr);
	if (swapped)
		TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, swapped);
	for (i = 0; i < ARRAY_SIZE(family->tm); i++) {
		TEST_EXPECT_THP(family->tm[i], s.thp);
		TEST_EXPECT_RSS(family->stat[i], 0, 0);
	}
}

/* Mapped, exclusive, writable, and in the swap cache still. */
static void come_back_and_stay_cached(struct pmd_swap *s)
{
	struct kunit *test = s->tm->test;
	struct folio *folio;

	pmd_swap_go_out_cached(s);
	fault_until_mapped(s->tm, s->thp.addr, 0);
	KUNIT_ASSERT_TRUE(test, test_is_thp(s->tm, s->thp.addr));
	folio = test_folio_get(s->tm, s->thp.addr);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_TRUE(test, folio_test_swapcache(folio));
	KUNIT_EXPECT_TRUE(test, PageAnonExclusive(&folio->page));
	folio_put(folio);
}

struct pin_row {
	const char *name;
	bool pin;
	unsigned int flags;
};

static const struct pin_row pin_rows[] = {
	{ "not at all", false, 0 },
	{ "to read", true, 0 },
	{ "to write", true, FOLL_WRITE },
	{ "to write, for long", true, FOLL_WRITE | FOLL_LONGTERM },
};

KUNIT_ARRAY_PARAM_DESC(pin, pin_rows, name);

/*
 * Reclaim skips what is pinned before it gives it slots. What has slots already
 * it tries to unmap, and has to find out there.
 */
static void pmd_swap_out_pinned(struct kunit *test)
{
	const struct pin_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct page *page = NULL;
	struct folio *folio;
	softleaf_t first;
	int locked = 1;
	pmd_t before;
	long nr = 1;
	u64 got;
	u32 seed;

	come_back_and_stay_cached(&s);
	folio = test_folio_get(s.tm, s.thp.addr);
	first = (softleaf_t) { folio->swap.val };
	folio_put(folio);
	if (row->pin) {
		mmap_read_lock(s.tm->mm);
		nr = pin_user_pages_remote(s.tm->mm, pmd_swap_addr(&s, 4), 1,
					   row->flags, &page, &locked);
		if (locked)
			mmap_read_unlock(s.tm->mm);
	}
	KUNIT_ASSERT_EQ(test, nr, 1);
	test_stat_restart(s.stat);
	before = test_pmd(s.tm, s.thp.addr);

	lru_add_drain_all();
	KUNIT_EXPECT_EQ(test, 0, test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						 MADV_PAGEOUT));

	if (!row->pin) {
		/* The same folio, the same slots: only the pin was missing. */
		KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
		TEST_EXPECT_EVENT(s.stat, "thp_swpout_pmd", 1);
		TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 1);
		TEST_EXPECT_THP(s.tm, s.thp);
		return;
	}
	KUNIT_EXPECT_EQ_MSG(test, pmd_val(test_pmd(s.tm, s.thp.addr)),
			    pmd_val(before), "the PMD is not as it was");
	TEST_EXPECT_EVENT(s.stat, "thp_swpout_pmd", 0);
	TEST_EXPECT_EVENT(s.stat, "thp_split_pmd", 0);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 0);
	KUNIT_EXPECT_TRUE(test, PageAnonExclusive(compound_head(page)));
	/* Who has the pin and who has the PMD see the same page. */
	seed = rewrite_page(s.tm, s.thp, 4);
	memcpy_from_page((char *)&got, page, 0, sizeof(got));
	KUNIT_EXPECT_EQ(test, got, test_pattern_word(seed, 4, 0));
	unpin_user_page(page);
	expect_rewritten(s.tm, s.thp, 4, seed);
}

struct bits_row {
	bool soft_dirty;
	bool uffd;
	bool shared;
};

#define BITS_ROWS	8

static const void *bits_gen_params(struct kunit *test, const void *prev,
				   char *desc)
{
	static struct bits_row rows[BITS_ROWS];
	const struct bits_row *last = prev;
	struct bits_row *row = last ? &rows[last - rows + 1] : rows;
	unsigned int i = row - rows;

	if (i == BITS_ROWS)
		return NULL;
	*row = (struct bits_row) {
		.soft_dirty = i & 1,
		.uffd = i & 2,
		.shared = i & 4,
	};
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s, %s",
		 row->soft_dirty ? "soft-dirty" : "not soft-dirty",
		 row->uffd ? "uffd" : "no uffd",
		 row->shared ? "shared" : "exclusive");
	return row;
}

static void pmd_swap_out_bits(struct kunit *test)
{
	const struct bits_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_uffd uffd;
	pmd_t pmd;

	if (row->uffd) {
		uffd = test_uffd_open(s.tm, UFFD_FEATURE_PAGEFAULT_FLAG_WP);
		KUNIT_ASSERT_EQ(test, 0,
				test_uffd_register(&uffd, s.thp.addr, PMD_SIZE,
						   UFFDIO_REGISTER_MODE_WP));
		KUNIT_ASSERT_EQ(test, 0, test_uffd_wp(&uffd, s.thp.addr,
						      PMD_SIZE, true));
	}
	if (row->shared)
		test_mm_fork(s.tm);
	if (!row->soft_dirty)
		KUNIT_ASSERT_EQ(test, 0,
				test_clear_refs(s.tm,
						TEST_CLEAR_REFS_SOFT_DIRTY));

	reclaim_folio(s.tm, s.thp.addr);

	pmd = test_pmd(s.tm, s.thp.addr);
	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	if (IS_ENABLED(CONFIG_MEM_SOFT_DIRTY))
		KUNIT_EXPECT_EQ(test, (bool)pmd_swp_soft_dirty(pmd),
				row->soft_dirty);
	KUNIT_EXPECT_EQ(test, (bool)pmd_swp_uffd(pmd), row->uffd);
	KUNIT_EXPECT_EQ(test, (bool)pmd_swp_exclusive(pmd), !row->shared);

	fault_until_mapped(s.tm, s.thp.addr, 0);
	pmd = test_pmd(s.tm, s.thp.addr);
	KUNIT_EXPECT_TRUE(test, pmd_trans_huge(pmd));
	if (IS_ENABLED(CONFIG_MEM_SOFT_DIRTY))
		KUNIT_EXPECT_EQ(test, (bool)pmd_soft_dirty(pmd),
				row->soft_dirty);
	KUNIT_EXPECT_EQ(test, (bool)pmd_uffd(pmd), row->uffd);
	TEST_EXPECT_THP(s.tm, s.thp);
}

/* What is in swap already is written again only if it was written to. */
static void pmd_swap_out_clean(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);

	come_back_and_stay_cached(&s);
	s.disk->writes = 0;

	pmd_swap_go_out(&s);

	KUNIT_EXPECT_EQ(test, s.disk->writes, 0);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_THP(s.tm, s.thp);
}

static void pmd_swap_out_dirty(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	u32 seed;

	come_back_and_stay_cached(&s);
	seed = rewrite_page(s.tm, s.thp, 11);
	s.disk->writes = 0;

	pmd_swap_go_out(&s);

	KUNIT_EXPECT_EQ(test, s.disk->writes, TEST_PMD_NR);
	expect_rewritten(s.tm, s.thp, 11, seed);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}

/* VM_LOCKED, with folios that nobody has told: what a missed mlock leaves. */
static void lock_vma_only(struct test_mm *tm, unsigned long addr)
{
	struct vm_area_struct *vma;

	mmap_write_lock(tm->mm);
	vma = vma_lookup(tm->mm, addr);
	vm_flags_set(vma, VM_LOCKED);
	tm->mm->locked_vm += vma_pages(vma);
	mmap_write_unlock(tm->mm);
}

struct lock_row {
	const char *name;
	bool shared;
};

static const struct lock_row lock_rows[] = {
	{ "by the only process", false },
	{ "by one of two", true },
};

KUNIT_ARRAY_PARAM_DESC(lock, lock_rows, name);

static void pmd_swap_out_locked(struct kunit *test)
{
	const struct lock_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *locked = s.tm;
	struct folio *folio;
	pmd_t before;

	if (row->shared)
		locked = test_mm_fork(s.tm);
	lock_vma_only(locked, s.thp.addr);
	before = test_pmd(locked, s.thp.addr);

	reclaim_folio(s.tm, s.thp.addr);

	KUNIT_EXPECT_EQ(test, pmd_val(test_pmd(locked, s.thp.addr)),
			pmd_val(before));
	folio = test_folio_get(locked, s.thp.addr);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_TRUE_MSG(test, folio_test_mlocked(folio),
			      "the missed mlock was not made up for");
	folio_put(folio);
	expect_rss_as_mapped(&s);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_THP(locked, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

/*
 * Who unmaps memory that is locked, like memory failure, has it taken off the
 * list of what is locked: nothing holds it any more but the swap cache.
 */
static void pmd_swap_out_locked_by_force(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct test_mm *old;
	struct folio *folio;
	int refs;
	long ret;

	come_back_and_stay_cached(&s);
	old = test_mm_use(s.tm);
	ret = test_sys_mlock2(s.thp.addr, PMD_SIZE, 0);
	test_mm_use(old);
	KUNIT_ASSERT_EQ(test, ret, 0L);
	lru_add_drain_all();
	folio = test_folio_get(s.tm, s.thp.addr);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_TRUE(test, folio_test_mlocked(folio));
	refs = folio_ref_count(folio);

	folio_lock(folio);
	try_to_unmap(folio, TTU_IGNORE_MLOCK);
	KUNIT_EXPECT_FALSE(test, folio_mapped(folio));
	KUNIT_EXPECT_FALSE(test, folio_test_mlocked(folio));
	KUNIT_EXPECT_EQ(test, folio_ref_count(folio), refs - 1);
	folio_unlock(folio);
	folio_put(folio);

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	fault_until_mapped(s.tm, s.thp.addr, 0);
	expect_back_huge(&s);
}

/* Folios of which only one may go out by PMD swap entries. */
enum kind {
	KIND_WITH_SLOTS,
	KIND_WITHOUT_SLOTS,
	KIND_LAZYFREE,
	KIND_SMALL,
	KIND_SHMEM,
};

struct kind_row {
	const char *name;
	enum kind kind;
};

static const struct kind_row kind_rows[] = {
	{ "huge page with slots", KIND_WITH_SLOTS },
	{ "huge page without slots", KIND_WITHOUT_SLOTS },
	{ "lazyfree huge page", KIND_LAZYFREE },
	{ "base page with slot", KIND_SMALL },
	{ "shared memory with slots", KIND_SHMEM },
};

KUNIT_ARRAY_PARAM_DESC(kind, kind_rows, name);

/* A huge page of shared memory under writeback to swap; with a reference. */
static struct folio *shmem_to_writeback(struct pmd_swap *s)
{
	struct file *file = test_shmem_huge_file(s->tm->test, PMD_SIZE);
	u32 seed = test_pattern_new_seed();
	struct kunit *test = s->tm->test;
	struct folio *folio = NULL;
	unsigned long addr, slot;

	addr = test_mm_map_file(s->tm, file, PMD_SIZE, PROT_READ | PROT_WRITE,
				MAP_SHARED);
	KUNIT_ASSERT_EQ(test, 0, test_pattern_fill(s->tm, addr, TEST_PMD_NR,
						   seed, 0));
	KUNIT_ASSERT_TRUE(test, test_is_thp(s->tm, addr));
	test_disk_hold(s->disk, TEST_DISK_WRITES);
	KUNIT_ASSERT_EQ(test, 0, test_pageout(s->tm, addr, TEST_PMD_NR));
	for (slot = 0; !folio && slot < TEST_SWAP_SLOTS; slot += TEST_PMD_NR)
		folio = swap_cache_get_folio(swp_entry(s->swap->si->type, slot));
	return folio;
}

static struct folio *make_kind(struct pmd_swap *s, enum kind kind)
{
	struct kunit *test = s->tm->test;
	struct folio *folio;

	switch (kind) {
	case KIND_SHMEM:
		return shmem_to_writeback(s);
	case KIND_WITHOUT_SLOTS:
		break;
	case KIND_LAZYFREE:
		KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(s->tm, s->thp.addr,
							 PMD_SIZE, MADV_FREE));
		lru_add_drain_all();
		break;
	default:
		come_back_and_stay_cached(s);
		break;
	}
	folio = test_folio_get(s->tm, s->thp.addr);
	if (kind == KIND_SMALL) {
		folio_lock(folio);
		KUNIT_EXPECT_EQ(test, 0, split_folio(folio));
		folio_unlock(folio);
	}
	return folio;
}

/* What reclaim asks before it leaves a PMD for try_to_unmap() to replace. */
static void pmd_swap_out_who_may(struct kunit *test)
{
	const struct kind_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	const bool slots = row->kind == KIND_WITH_SLOTS ||
			   row->kind == KIND_SMALL || row->kind == KIND_SHMEM;
	bool (*can_swap_pmd)(struct folio *folio);
	struct folio *folio;

	/* By its name: another implementation may ask in another way. */
	can_swap_pmd = (void *)kallsyms_lookup_name("folio_can_swap_pmd");
	if (!can_swap_pmd)
		kunit_skip(test, "this kernel has no folio_can_swap_pmd()");
	folio = make_kind(&s, row->kind);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_EQ(test, folio_test_anon(folio), row->kind != KIND_SHMEM);
	KUNIT_EXPECT_EQ(test, folio_test_swapcache(folio), slots);
	KUNIT_EXPECT_EQ(test, folio_test_swapbacked(folio),
			row->kind != KIND_LAZYFREE);
	KUNIT_EXPECT_EQ(test, folio_order(folio) == HPAGE_PMD_ORDER,
			row->kind != KIND_SMALL);

	KUNIT_EXPECT_EQ(test, can_swap_pmd(folio),
			row->kind == KIND_WITH_SLOTS);

	folio_put(folio);
	test_disk_release(s.disk);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

static void pmd_swap_out_lazyfree(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);

	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						 MADV_FREE));
	KUNIT_ASSERT_EQ(test, 0, test_pageout(s.tm, s.thp.addr, TEST_PMD_NR));

	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(s.tm, s.thp.addr)));
	TEST_EXPECT_EVENT(s.stat, "thp_swpout_pmd", 0);
	TEST_EXPECT_EVENT(s.stat, "pglazyfreed", TEST_PMD_NR);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(s.swap), 0);
	TEST_EXPECT_ZERO(s.tm, s.thp.addr, TEST_PMD_NR);
}

static void pmd_swap_out_lazyfree_written(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	u32 seed;

	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						 MADV_FREE));
	seed = rewrite_page(s.tm, s.thp, 2);
	KUNIT_ASSERT_EQ(test, 0, test_pageout(s.tm, s.thp.addr, TEST_PMD_NR));

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	expect_rewritten(s.tm, s.thp, 2, seed);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

/*
 * The header takes a slot of the first cluster, and the last one ends early:
 * there is room for every page, and no room for them in a row.
 */
static void pmd_swap_out_no_cluster(struct kunit *test)
{
	struct test_disk *disk;
	struct test_swap *swap;
	struct test_stat *stat;
	struct test_thp thp;
	struct test_mm *tm;

	test_pmd_swap_require(test);
	disk = test_disk_create(test, DISK_PAGES, DISK_SYNC);
	tm = test_mm_create(test);
	swap = test_swap_on(tm, disk->dev, 2 * TEST_PMD_NR - 2,
			    TEST_SWAP_NO_PRIO);
	thp = test_thp_map(tm);
	stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, 0, test_pageout(tm, thp.addr, TEST_PMD_NR));

	TEST_EXPECT_EVENT(stat, "thp_swpout_fallback", 1);
	TEST_EXPECT_EVENT(stat, "thp_swpout_pmd", 0);
	TEST_EXPECT_EVENT(stat, "thp_swpout", 0);
	KUNIT_EXPECT_EQ(test, test_count_ptes(tm, thp.addr, TEST_PMD_NR).swap,
			TEST_PMD_NR);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
}

/* Who asks for the split gets it, whatever else would be possible. */
static void pmd_swap_out_split_asked_for(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct folio *folio;
	struct test_ptes n;

	come_back_and_stay_cached(&s);
	test_stat_restart(s.stat);
	folio = test_folio_get(s.tm, s.thp.addr);
	folio_lock(folio);
	try_to_unmap(folio, TTU_SPLIT_HUGE_PMD | TTU_SYNC);
	folio_unlock(folio);
	folio_put(folio);

	n = test_count_ptes(s.tm, s.thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.swap, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.exclusive, TEST_PMD_NR);
	TEST_EXPECT_EVENT(s.stat, "thp_swpout_pmd", 0);
	TEST_EXPECT_EVENT(s.stat, "thp_split_pmd", 1);
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_SLOTS(s.tm, s.thp.addr, TEST_PMD_NR, 1);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

/* The device refuses the data: memory has the only copy, and it is kept. */
static void pmd_swap_out_write_error(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_slots slots;

	s.disk->bad_writes = true;
	KUNIT_ASSERT_EQ(test, 0, test_pageout(s.tm, s.thp.addr, TEST_PMD_NR));
	s.disk->bad_writes = false;
	s.disk->reads = 0;

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	slots = test_slots(s.tm, s.thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, slots.cached, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_swap_uncache(s.tm, s.thp.addr, TEST_PMD_NR),
			-EBUSY);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0);
	/* Written when it can be. */
	pmd_swap_go_out(&s);
	TEST_EXPECT_THP(s.tm, s.thp);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}

static struct kunit_case pmd_swap_out_cases[] = {
	KUNIT_CASE_PARAM(pmd_swap_out_success, device_gen_params),
	KUNIT_CASE(pmd_swap_out_neighbour),
	KUNIT_CASE(pmd_swap_out_shared),
	KUNIT_CASE(pmd_swap_out_shared_by_ptes),
	KUNIT_CASE(pmd_swap_out_many_sharers),
	KUNIT_CASE(pmd_swap_out_no_count),
	KUNIT_CASE_PARAM(pmd_swap_out_pinned, pin_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_out_bits, bits_gen_params),
	KUNIT_CASE(pmd_swap_out_clean),
	KUNIT_CASE(pmd_swap_out_dirty),
	KUNIT_CASE_PARAM(pmd_swap_out_locked, lock_gen_params),
	KUNIT_CASE(pmd_swap_out_locked_by_force),
	KUNIT_CASE_PARAM(pmd_swap_out_who_may, kind_gen_params),
	KUNIT_CASE(pmd_swap_out_lazyfree),
	KUNIT_CASE(pmd_swap_out_lazyfree_written),
	KUNIT_CASE(pmd_swap_out_no_cluster),
	KUNIT_CASE(pmd_swap_out_split_asked_for),
	KUNIT_CASE(pmd_swap_out_write_error),
	{}
};

static struct kunit_suite pmd_swap_out_suite = {
	.name = "pmd_swap_out",
	.test_cases = pmd_swap_out_cases,
};

kunit_test_suite(pmd_swap_out_suite);

MODULE_DESCRIPTION("KUnit suite for swapping out to PMD swap entries");
MODULE_LICENSE("GPL");
