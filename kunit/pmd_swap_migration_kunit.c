// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "pmd_swap_migration": a huge page on its way to another place,
 * where a PMD swap entry could be as well.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf \
 *		'pmd_swap_migration'
 *
 * Both are PMDs that are not present, and who handles the one must not take the
 * other for it: this memory is not in swap. It counts as resident, nobody reads,
 * splits or drops it, and who wants to have it waits until it has come.
 *
 * The migration entry is the kernel's own, by try_to_migrate(), and taken away by
 * remove_migration_ptes(). What it holds besides the PFN is not looked at: not all
 * architectures have room for the young and dirty bits there.
 *
 * PAGEMAP_SCAN that write-protects is a case of pmd_swap_walk_proc, DAMON one of
 * pmd_swap_misc.
 */
#include <kunit/test.h>

#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sizes.h>
#include <linux/swap.h>

#include "compat.h"
#include "fixtures/fixtures.h"
#include "fixtures/thread.h"

#define PMD_KB		((long)(PMD_SIZE / SZ_1K))

/**
 * struct moving - a huge page that has a migration entry in place of its PMD
 * @tm: the address space
 * @thp: the huge page
 * @folio: its folio, locked
 * @stat: counters, from when it was mapped
 */
struct moving {
	struct test_mm *tm;
	struct test_thp thp;
	struct folio *folio;
	struct test_stat *stat;
};

static void move_end(void *data)
{
	struct moving *m = data;

	/* To where it was, as if there had been no place for it. */
	remove_migration_ptes(m->folio, m->folio, 0);
	folio_unlock(m->folio);
	folio_put(m->folio);
}

/* Mapped, and nobody moves it yet. */
static struct moving *move_prepare(struct kunit *test)
{
	struct moving *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->tm = test_mm_create(test);
	m->thp = test_thp_map(m->tm);
	m->stat = test_stat_begin(m->tm);
	return m;
}

static void move_start(struct moving *m)
{
	struct kunit *test = m->tm->test;

	m->folio = test_folio_get(m->tm, m->thp.addr);
	KUNIT_ASSERT_NOT_NULL(test, m->folio);
	folio_lock(m->folio);
	try_to_migrate(m->folio, 0);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, move_end, m));
	KUNIT_ASSERT_TRUE(test, pmd_is_migration_entry(test_pmd(m->tm,
								m->thp.addr)));
}

static struct moving *move_begin(struct kunit *test)
{
	struct moving *m = move_prepare(test);

	move_start(m);
	return m;
}

/* The huge page has come, and is what it was. */
static void expect_come(struct moving *m)
{
	struct kunit *test = m->tm->test;

	kunit_release_action(test, move_end, m);
	KUNIT_EXPECT_TRUE(test, test_is_thp(m->tm, m->thp.addr));
	TEST_EXPECT_RSS(m->stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(m->stat), 0);
	TEST_EXPECT_THP(m->tm, m->thp);
}

/* Nobody has touched the entry in the meantime. */
static void expect_still_moving(struct moving *m, pmd_t pmd)
{
	KUNIT_EXPECT_EQ(m->tm->test,
			softleaf_raw_pmd(test_pmd(m->tm, m->thp.addr)),
			softleaf_raw_pmd(pmd));
	TEST_EXPECT_RSS(m->stat, 0, 0);
}

static void pmd_swap_migration_smaps(struct kunit *test)
{
	struct moving *m = move_begin(test);
	pmd_t pmd = test_pmd(m->tm, m->thp.addr);

	KUNIT_EXPECT_EQ(test, test_smaps_kb(m->tm, m->thp.addr, "AnonHugePages"),
			PMD_KB);
	KUNIT_EXPECT_EQ(test, test_smaps_kb(m->tm, m->thp.addr, "Anonymous"),
			PMD_KB);
	KUNIT_EXPECT_EQ(test, test_smaps_kb(m->tm, m->thp.addr, "Rss"), PMD_KB);
	KUNIT_EXPECT_EQ(test, test_smaps_kb(m->tm, m->thp.addr, "Swap"), 0L);
	KUNIT_EXPECT_EQ(test, test_smaps_kb(m->tm, m->thp.addr, "SwapPss"), 0L);

	expect_still_moving(m, pmd);
	expect_come(m);
}

static u64 pagemap_flags(struct moving *m, unsigned int page)
{
	u64 entry = 0;

	KUNIT_EXPECT_EQ(m->tm->test, 0,
			test_pagemap(m->tm, m->thp.addr + page * PAGE_SIZE, 1,
				     &entry));
	return entry & ~TEST_PM_PFRAME;
}

static void pmd_swap_migration_clear_soft_dirty(struct kunit *test)
{
	static const unsigned int pages[] = { 0, 1, HPAGE_PMD_NR - 1 };
	struct moving *m;
	char byte = 1;
	int i;

	if (!pgtable_supports_soft_dirty())
		kunit_skip(test, "no soft-dirty bit here");
	m = move_begin(test);
	KUNIT_EXPECT_NE(test, pagemap_flags(m, 0) & TEST_PM_SOFT_DIRTY, 0ULL);

	KUNIT_EXPECT_EQ(test, 0,
			test_clear_refs(m->tm, TEST_CLEAR_REFS_SOFT_DIRTY));

	KUNIT_EXPECT_TRUE(test, pmd_is_migration_entry(test_pmd(m->tm,
								m->thp.addr)));
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		KUNIT_EXPECT_EQ_MSG(test, pagemap_flags(m, pages[i]) &
				    TEST_PM_SOFT_DIRTY, 0ULL, "page %u",
				    pages[i]);
	/*
	 * Where the entry has the dirty bit, the page is soft-dirty again when
	 * it has come; so it is on any when it is written to.
	 */
	expect_come(m);
	KUNIT_EXPECT_EQ(test, 0, test_mm_read(m->tm, &byte, m->thp.addr, 1));
	KUNIT_EXPECT_EQ(test, 0, test_mm_write(m->tm, m->thp.addr, &byte, 1));
	KUNIT_EXPECT_NE(test, pagemap_flags(m, 0) & TEST_PM_SOFT_DIRTY, 0ULL);
	TEST_EXPECT_THP(m->tm, m->thp);
}

/* What PAGEMAP_SCAN finds, if it is asked for one category. */
struct category {
	const char *name;
	u64 mask;
	bool found;
};

static const struct category categories[] = {
	{ "swapped", PAGE_IS_SWAPPED, true },
	{ "huge", PAGE_IS_HUGE, true },
	{ "present", PAGE_IS_PRESENT, false },
	{ "file", PAGE_IS_FILE, false },
	{ "zero page", PAGE_IS_PFNZERO, false },
};

KUNIT_ARRAY_PARAM_DESC(category, categories, name);

/* "Swapped" is all that is not present. Huge it is, other than a swap entry. */
static void pmd_swap_migration_scan(struct kunit *test)
{
	const struct category *category = test->param_value;
	struct moving *m = move_begin(test);
	struct page_region region[2] = {};
	struct pm_scan_arg arg = {
		.start = m->thp.addr,
		.end = m->thp.addr + PMD_SIZE,
		.vec_len = ARRAY_SIZE(region),
		.category_mask = category->mask,
		.return_mask = category->mask,
	};
	pmd_t pmd = test_pmd(m->tm, m->thp.addr);

	KUNIT_EXPECT_EQ(test, test_pagemap_scan(m->tm, &arg, region),
			category->found ? 1L : 0L);
	if (category->found) {
		KUNIT_EXPECT_EQ(test, region[0].start, m->thp.addr);
		KUNIT_EXPECT_EQ(test, region[0].end, m->thp.addr + PMD_SIZE);
		KUNIT_EXPECT_EQ(test, region[0].categories, category->mask);
	}

	expect_still_moving(m, pmd);
	expect_come(m);
}

/* Pages of the huge page that mincore() says are in memory. */
static unsigned int count_in_core(struct moving *m)
{
	struct kunit *test = m->tm->test;
	u8 *vec = kunit_kzalloc(test, TEST_PMD_NR, GFP_KERNEL);
	struct test_mm *old;
	unsigned int nr = 0;
	long ret;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, vec);
	old = test_mm_use(m->tm);
	ret = test_sys_mincore(m->thp.addr, PMD_SIZE, m->tm->scratch);
	test_mm_use(old);
	KUNIT_EXPECT_EQ(test, ret, 0L);
	KUNIT_EXPECT_EQ(test, 0, test_mm_get_arg(m->tm, vec, TEST_PMD_NR));
	for (i = 0; i < TEST_PMD_NR; i++)
		nr += vec[i] & 1;
	return nr;
}

static void pmd_swap_migration_mincore(struct kunit *test)
{
	struct moving *m = move_begin(test);
	pmd_t pmd = test_pmd(m->tm, m->thp.addr);

	KUNIT_EXPECT_EQ(test, count_in_core(m), TEST_PMD_NR);

	expect_still_moving(m, pmd);
	expect_come(m);
	KUNIT_EXPECT_EQ(test, count_in_core(m), TEST_PMD_NR);
}

/* The rmap leads to where the entry is now, and what has moved is soft-dirty. */
static void pmd_swap_migration_mremap(struct kunit *test)
{
	struct moving *m = move_begin(test);
	unsigned long from = m->thp.addr, to = test_mm_reserve(m->tm, PMD_SIZE);
	softleaf_t entry = test_softleaf(m->tm, from);

	if (pgtable_supports_soft_dirty()) {
		KUNIT_EXPECT_EQ(test, 0,
				test_clear_refs(m->tm,
						TEST_CLEAR_REFS_SOFT_DIRTY));
		KUNIT_EXPECT_EQ(test, pagemap_flags(m, 0) & TEST_PM_SOFT_DIRTY,
				0ULL);
	}

	KUNIT_ASSERT_EQ(test, test_mm_mremap(m->tm, from, PMD_SIZE, PMD_SIZE,
					     MREMAP_MAYMOVE | MREMAP_FIXED, to),
			(long)to);
	m->thp.addr = to;

	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(m->tm, from)));
	KUNIT_EXPECT_EQ(test, test_softleaf(m->tm, to).val, entry.val);
	if (pgtable_supports_soft_dirty())
		KUNIT_EXPECT_TRUE(test, pmd_swp_soft_dirty(test_pmd(m->tm, to)));
	TEST_EXPECT_RSS(m->stat, 0, 0);
	expect_come(m);
	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(m->tm, from)));
}

/* What a page is to its process when it starts to move. */
struct owned {
	const char *name;
	bool read_only;
	bool shared;
};

static const struct owned owned_rows[] = {
	{ "writable", false, false },
	{ "exclusive, PROT_READ", true, false },
	{ "shared", false, true },
};

KUNIT_ARRAY_PARAM_DESC(owned, owned_rows, name);

/* The child gets an entry of its own, and neither may write to the page. */
static void pmd_swap_migration_fork(struct kunit *test)
{
	const struct owned *row = test->param_value;
	struct moving *m = move_prepare(test);
	u32 seed = test_pattern_new_seed();
	struct test_mm *child;
	softleaf_t entry;

	if (row->read_only)
		KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(m->tm, m->thp.addr,
							  PMD_SIZE, PROT_READ));
	if (row->shared)
		test_mm_fork(m->tm);
	move_start(m);
	entry = test_softleaf(m->tm, m->thp.addr);
	KUNIT_EXPECT_EQ(test, softleaf_is_migration_write(entry),
			!row->read_only && !row->shared);
	KUNIT_EXPECT_EQ(test, softleaf_is_migration_read(entry), row->shared);

	child = test_mm_fork(m->tm);

	KUNIT_EXPECT_TRUE(test, softleaf_is_migration_read(test_softleaf(m->tm,
									 m->thp.addr)));
	KUNIT_EXPECT_TRUE(test, pmd_is_migration_entry(test_pmd(child,
								m->thp.addr)));
	KUNIT_EXPECT_TRUE(test, softleaf_is_migration_read(test_softleaf(child,
									 m->thp.addr)));
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(child->mm, MM_ANONPAGES),
			(long)TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, get_mm_counter_sum(child->mm, MM_SWAPENTS), 0L);
	expect_come(m);
	KUNIT_EXPECT_TRUE(test, test_is_thp(child, m->thp.addr));
	TEST_EXPECT_THP(child, m->thp);
	if (row->read_only)
		return;
	KUNIT_EXPECT_EQ(test, 0, test_pattern_fill(child, m->thp.addr, 1, seed,
						   0));
	TEST_EXPECT_PATTERN(child, m->thp.addr, 1, seed);
	TEST_EXPECT_THP(m->tm, m->thp);
}

struct advice {
	const char *name;
	int advice;
};

/* None of them has anything to do here, and all say that they have done it. */
static const struct advice advices[] = {
	{ "cold", MADV_COLD },
	{ "pageout", MADV_PAGEOUT },
	{ "free", MADV_FREE },
	{ "willneed", MADV_WILLNEED },
	{ "collapse", MADV_COLLAPSE },
};

KUNIT_ARRAY_PARAM_DESC(advice, advices, name);

static void pmd_swap_migration_madvise(struct kunit *test)
{
	const struct advice *advice = test->param_value;
	struct moving *m = move_begin(test);
	pmd_t pmd = test_pmd(m->tm, m->thp.addr);

	KUNIT_EXPECT_EQ(test, 0, test_mm_madvise(m->tm, m->thp.addr, PMD_SIZE,
						 advice->advice));

	expect_still_moving(m, pmd);
	KUNIT_EXPECT_TRUE_MSG(test, folio_test_swapbacked(m->folio), "lazyfree");
	expect_come(m);
	TEST_EXPECT_EVENT(m->stat, "pswpin", 0);
}

struct access {
	const char *name;
	unsigned int page;
	unsigned int flags;
};

static const struct access accesses[] = {
	{ "read the first page", 0, 0 },
	{ "write to the last page", HPAGE_PMD_NR - 1, FAULT_FLAG_WRITE },
};

KUNIT_ARRAY_PARAM_DESC(access, accesses, name);

static void pmd_swap_migration_fault(struct kunit *test)
{
	const struct access *access = test->param_value;
	struct moving *m = move_begin(test);
	pmd_t pmd = test_pmd(m->tm, m->thp.addr);
	struct test_fault_thread *thread;
	vm_fault_t ret;

	thread = test_fault_start(m->tm, m->thp.addr + access->page * PAGE_SIZE,
				  access->flags);
	KUNIT_EXPECT_TRUE_MSG(test, test_fault_sleeps(thread),
			      "the fault does not wait for the page");
	expect_still_moving(m, pmd);
	expect_come(m);
	ret = test_fault_wait(thread);

	KUNIT_EXPECT_EQ(test, ret & (VM_FAULT_ERROR | VM_FAULT_MAJOR), 0);
	TEST_EXPECT_EVENT(m->stat, "pgmajfault", 0);
	TEST_EXPECT_RSS(m->stat, 0, 0);
	TEST_EXPECT_THP(m->tm, m->thp);
}

static int pmd_swap_migration_init(struct kunit *test)
{
	test_pmd_swap_require(test);
	if (!thp_migration_supported())
		kunit_skip(test, "no migration entries in PMDs");
	return 0;
}

static struct kunit_case pmd_swap_migration_cases[] = {
	KUNIT_CASE(pmd_swap_migration_smaps),
	KUNIT_CASE(pmd_swap_migration_clear_soft_dirty),
	KUNIT_CASE_PARAM(pmd_swap_migration_scan, category_gen_params),
	KUNIT_CASE(pmd_swap_migration_mincore),
	KUNIT_CASE(pmd_swap_migration_mremap),
	KUNIT_CASE_PARAM(pmd_swap_migration_fork, owned_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_migration_madvise, advice_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_migration_fault, access_gen_params),
	{}
};

static struct kunit_suite pmd_swap_migration_suite = {
	.name = "pmd_swap_migration",
	.init = pmd_swap_migration_init,
	.test_cases = pmd_swap_migration_cases,
};

kunit_test_suite(pmd_swap_migration_suite);

MODULE_DESCRIPTION("KUnit suite for PMD migration entries, where PMD swap entries could be");
MODULE_LICENSE("GPL");
