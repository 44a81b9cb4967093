// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc/<pid> and mincore() say of a PMD swap entry: what they would say
 * of its slots in a page table. So each case asks, splits the entry, and asks
 * again.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf \
 *		'pmd_swap_walk_proc'
 *
 * /proc/<pid>/numa_maps passes over all that is not present, and is there with
 * CONFIG_NUMA only, which no kernel that these suites were run on has.
 */
#include <kunit/test.h>

#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sizes.h>
#include <linux/swap.h>

#include "compat.h"
#include "fixtures/fixtures.h"
#include "pmd_swap_helpers.h"

#define HALF		(TEST_PMD_NR / 2)
#define PMD_KB		((long)(PMD_SIZE / SZ_1K))

/*
 * A page table of the same slots, and nothing else changed: the VMA that had to
 * be split for it is one again.
 */
static void split_inside_vma(struct test_mm *tm, struct test_thp thp)
{
	test_pmd_swap_split(tm, thp);
	KUNIT_ASSERT_EQ(tm->test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE / 2,
					MADV_DOFORK));
}

/**
 * struct watched - a PMD swap entry that is only looked at
 * @tm: the address space
 * @swap: the swap area
 * @thp: the huge page
 * @stat: counters
 * @pmd: the entry
 */
struct watched {
	struct test_mm *tm;
	struct test_swap *swap;
	struct test_thp thp;
	struct test_stat *stat;
	pmd_t pmd;
};

static struct watched watch(struct test_mm *tm, struct test_swap *swap,
			    struct test_thp thp)
{
	return (struct watched) {
		.tm = tm,
		.swap = swap,
		.thp = thp,
		.stat = test_stat_begin(tm),
		.pmd = test_pmd(tm, thp.addr),
	};
}

static struct watched watch_new(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);

	return watch(tm, swap, test_pmd_swap_map(tm));
}

/* To look changes nothing, and reads nothing. */
static void expect_undisturbed(struct watched *w, int count)
{
	struct kunit *test = w->tm->test;

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(w->tm, w->thp.addr));
	KUNIT_EXPECT_EQ_MSG(test, softleaf_raw_pmd(test_pmd(w->tm, w->thp.addr)),
			    softleaf_raw_pmd(w->pmd), "the PMD");
	TEST_EXPECT_SLOTS(w->tm, w->thp.addr, TEST_PMD_NR, count);
	KUNIT_EXPECT_EQ(test, test_swap_used(w->swap), TEST_PMD_NR);
	TEST_EXPECT_RSS(w->stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(w->stat), 0);
	TEST_EXPECT_EVENT(w->stat, "pswpin", 0);
}

/* What smaps says of one VMA, all of it. */
static char *smaps_of(struct test_mm *tm, unsigned long addr)
{
	struct kunit *test = tm->test;
	const char *line = test_proc_read(tm, "smaps");
	const char *from = NULL;
	unsigned long start, end;
	char *text;

	for (; *line; line = strchrnul(line, '\n'), line += !!*line) {
		if (sscanf(line, "%lx-%lx ", &start, &end) != 2)
			continue;
		if (from)
			break;
		if (start == addr)
			from = line;
	}
	KUNIT_ASSERT_NOT_NULL_MSG(test, from, "no VMA at %lx", addr);
	text = kunit_kmalloc(test, line - from + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, text);
	memcpy(text, from, line - from);
	text[line - from] = '\0';
	return text;
}

/* A field "name: 12 kB" of a text of /proc, -ENOENT without it. */
static long kb_of(const char *text, const char *name)
{
	size_t len = strlen(name);
	long kb;

	for (; *text; text = strchrnul(text, '\n'), text += !!*text)
		if (!strncmp(text, name, len) && text[len] == ':' &&
		    sscanf(text + len + 1, "%ld kB", &kb) == 1)
			return kb;
	return -ENOENT;
}

static void pmd_swap_walk_proc_smaps(struct kunit *test)
{
	struct watched w = watch_new(test);
	char *text = smaps_of(w.tm, w.thp.addr);

	KUNIT_EXPECT_EQ(test, kb_of(text, "Size"), PMD_KB);
	KUNIT_EXPECT_EQ(test, kb_of(text, "Swap"), PMD_KB);
	KUNIT_EXPECT_EQ(test, kb_of(text, "SwapPss"), PMD_KB);
	KUNIT_EXPECT_EQ(test, kb_of(text, "AnonHugePages"), 0L);
	KUNIT_EXPECT_EQ(test, kb_of(text, "Anonymous"), 0L);
	KUNIT_EXPECT_EQ(test, kb_of(text, "Rss"), 0L);
	KUNIT_EXPECT_EQ(test, kb_of(text, "Pss"), 0L);
	expect_undisturbed(&w, 1);

	split_inside_vma(w.tm, w.thp);
	KUNIT_EXPECT_STREQ(test, text, smaps_of(w.tm, w.thp.addr));
	TEST_EXPECT_THP(w.tm, w.thp);
}

/* The sums over all VMAs, and the counter of the mm. */
static void pmd_swap_walk_proc_rollup(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp other = test_pmd_swap_map(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	const char *text;

	text = test_proc_read(tm, "smaps_rollup");
	KUNIT_EXPECT_EQ(test, kb_of(text, "Swap"), 2 * PMD_KB);
	KUNIT_EXPECT_EQ(test, kb_of(text, "SwapPss"), 2 * PMD_KB);
	KUNIT_EXPECT_EQ(test, kb_of(text, "AnonHugePages"), 0L);
	KUNIT_EXPECT_EQ(test, kb_of(text, "Anonymous"), 0L);
	text = test_proc_read(tm, "status");
	KUNIT_EXPECT_EQ(test, kb_of(text, "VmSwap"), 2 * PMD_KB);
	KUNIT_EXPECT_EQ(test, kb_of(text, "RssAnon"), 0L);

	split_inside_vma(tm, thp);
	text = test_proc_read(tm, "smaps_rollup");
	KUNIT_EXPECT_EQ(test, kb_of(text, "Swap"), 2 * PMD_KB);
	KUNIT_EXPECT_EQ(test, kb_of(text, "SwapPss"), 2 * PMD_KB);
	text = test_proc_read(tm, "status");
	KUNIT_EXPECT_EQ(test, kb_of(text, "VmSwap"), 2 * PMD_KB);

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, other.addr));
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 2 * TEST_PMD_NR);
}

static const unsigned int sharers[] = { 2, 3, 4 };

static void sharers_desc(const unsigned int *nr, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u processes", *nr);
}

KUNIT_ARRAY_PARAM(sharers, sharers, sharers_desc);

static void pmd_swap_walk_proc_smaps_shared(struct kunit *test)
{
	const unsigned int nr = *(const unsigned int *)test->param_value;
	struct watched w = watch_new(test);
	struct test_mm *child = NULL;
	unsigned int i;
	char *text;

	for (i = 1; i < nr; i++)
		child = test_mm_fork(w.tm);
	w.pmd = test_pmd(w.tm, w.thp.addr);

	text = smaps_of(w.tm, w.thp.addr);
	KUNIT_EXPECT_EQ(test, kb_of(text, "Swap"), PMD_KB);
	KUNIT_EXPECT_EQ(test, kb_of(text, "SwapPss"), PMD_KB / nr);
	expect_undisturbed(&w, nr);
	text = smaps_of(child, w.thp.addr);
	KUNIT_EXPECT_EQ(test, kb_of(text, "Swap"), PMD_KB);
	KUNIT_EXPECT_EQ(test, kb_of(text, "SwapPss"), PMD_KB / nr);

	split_inside_vma(child, w.thp);
	KUNIT_EXPECT_STREQ(test, text, smaps_of(child, w.thp.addr));

	test_mm_exit(child);
	text = smaps_of(w.tm, w.thp.addr);
	KUNIT_EXPECT_EQ(test, kb_of(text, "SwapPss"), PMD_KB / (nr - 1));
	split_inside_vma(w.tm, w.thp);
	KUNIT_EXPECT_STREQ(test, text, smaps_of(w.tm, w.thp.addr));
	TEST_EXPECT_THP(w.tm, w.thp);
}

/* Which pages a child gives up of those that it shares. */
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
	{ "all but first and last page", 1, HPAGE_PMD_NR - 2 },
};

KUNIT_ARRAY_PARAM_DESC(part, parts, name);

/* Each slot has a share of its own, whoever has the others. */
static void pmd_swap_walk_proc_smaps_shared_in_part(struct kunit *test)
{
	const struct part *part = test->param_value;
	const long page_kb = PAGE_SIZE / SZ_1K;
	const long alone = part->nr * page_kb;
	struct watched w = watch_new(test);
	struct test_mm *child = test_mm_fork(w.tm);
	char *text;

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_munmap(child,
				       w.thp.addr + part->first * PAGE_SIZE,
				       part->nr * PAGE_SIZE));
	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(w.tm, w.thp.addr));

	text = smaps_of(w.tm, w.thp.addr);
	KUNIT_EXPECT_EQ(test, kb_of(text, "Swap"), PMD_KB);
	KUNIT_EXPECT_EQ(test, kb_of(text, "SwapPss"),
			alone + (PMD_KB - alone) / 2);
	TEST_EXPECT_RSS(w.stat, 0, 0);

	split_inside_vma(w.tm, w.thp);
	KUNIT_EXPECT_STREQ(test, text, smaps_of(w.tm, w.thp.addr));
	TEST_EXPECT_THP(w.tm, w.thp);
}

static u64 *alloc_entries(struct kunit *test, unsigned int nr)
{
	u64 *entries = kunit_kcalloc(test, nr, sizeof(*entries), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, entries);
	return entries;
}

static u64 *pagemap_of(struct test_mm *tm, unsigned long addr, unsigned int nr)
{
	u64 *entries = alloc_entries(tm->test, nr);

	KUNIT_ASSERT_EQ(tm->test, 0, test_pagemap(tm, addr, nr, entries));
	return entries;
}

static void expect_same_entries(struct kunit *test, const u64 *want,
				const u64 *got, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ_MSG(test, got[i], want[i], "page %u", i);
}

/* Type and offset, of each page the slot it has: no other has this frame. */
static void expect_frames(struct test_mm *tm, unsigned long addr,
			  const u64 *entries, unsigned int nr, u64 flags)
{
	const u64 ignored = TEST_PM_PFRAME | TEST_PM_SOFT_DIRTY;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		softleaf_t entry = test_softleaf(tm, addr + i * PAGE_SIZE);
		u64 want = swp_type(entry) |
			   (u64)swp_offset(entry) << MAX_SWAPFILES_SHIFT;
		u64 frame = entries[i] & TEST_PM_PFRAME;

		KUNIT_ASSERT_TRUE(tm->test, softleaf_is_swap(entry));
		KUNIT_ASSERT_EQ_MSG(tm->test, frame, want, "frame of page %u",
				    i);
		/* Not "file" above all: there is no page that could be one. */
		KUNIT_ASSERT_EQ_MSG(tm->test, entries[i] & ~ignored, flags,
				    "flags of page %u", i);
	}
}

static void pmd_swap_walk_proc_pagemap(struct kunit *test)
{
	struct watched w = watch_new(test);
	u64 *entries = pagemap_of(w.tm, w.thp.addr, TEST_PMD_NR);

	expect_frames(w.tm, w.thp.addr, entries, TEST_PMD_NR, TEST_PM_SWAP);
	expect_undisturbed(&w, 1);

	split_inside_vma(w.tm, w.thp);
	expect_same_entries(test, pagemap_of(w.tm, w.thp.addr, TEST_PMD_NR),
			    entries, TEST_PMD_NR);
	TEST_EXPECT_THP(w.tm, w.thp);
}

/* A read that starts inside, ends inside, or goes on behind the PMD. */
static const struct part reads[] = {
	{ "first page", 0, 1 },
	{ "from the second page", 1, HPAGE_PMD_NR - 1 },
	{ "page in the middle", HPAGE_PMD_NR / 2, 1 },
	{ "from the middle", HPAGE_PMD_NR / 2, HPAGE_PMD_NR / 2 },
	{ "last page", HPAGE_PMD_NR - 1, 1 },
	{ "last page and the next PMD", HPAGE_PMD_NR - 1, HPAGE_PMD_NR },
	{ "inside", 3, HPAGE_PMD_NR - 5 },
};

KUNIT_ARRAY_PARAM_DESC(read, reads, name);

/* Two huge pages in a VMA, swapped out one after the other. */
static struct test_thp map_pair(struct test_mm *tm)
{
	struct test_thp thp = {
		.addr = test_thp_reserve(tm, 2),
		.seed = test_pattern_new_seed(),
	};
	struct test_thp second = { .addr = thp.addr + PMD_SIZE };

	KUNIT_ASSERT_EQ(tm->test, 0,
			test_pattern_fill(tm, thp.addr, 2 * TEST_PMD_NR,
					  thp.seed, 0));
	/* In this order, so that no slot follows from the one before. */
	test_pmd_swap_out(tm, second);
	test_pmd_swap_out(tm, thp);
	return thp;
}

static void pmd_swap_walk_proc_pagemap_inside(struct kunit *test)
{
	const struct part *read = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = map_pair(tm);
	struct test_thp second = { .addr = thp.addr + PMD_SIZE };
	unsigned long addr = thp.addr + read->first * PAGE_SIZE;
	u64 *entries = pagemap_of(tm, addr, read->nr);

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, second.addr));
	expect_frames(tm, addr, entries, read->nr, TEST_PM_SWAP);

	split_inside_vma(tm, thp);
	split_inside_vma(tm, second);
	expect_same_entries(test, pagemap_of(tm, addr, read->nr), entries,
			    read->nr);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 2 * TEST_PMD_NR);
	TEST_EXPECT_PATTERN(tm, thp.addr, 2 * TEST_PMD_NR, thp.seed);
}

/* What the entry has been through before it is looked at. */
struct history {
	const char *name;
	bool soft_dirty;
	bool uffd;
	bool shared;
};

static const struct history histories[] = {
	{ "nothing", false, false, false },
	{ "soft-dirty", true, false, false },
	{ "uffd", false, true, false },
	{ "shared", false, false, true },
	{ "soft-dirty, uffd", true, true, false },
	{ "soft-dirty, uffd, shared", true, true, true },
};

KUNIT_ARRAY_PARAM_DESC(history, histories, name);

static void need_bits(struct kunit *test, const struct history *h)
{
	if (!pgtable_supports_soft_dirty())
		kunit_skip(test, "no soft-dirty bit here");
	if (h->uffd && !pgtable_supports_uffd())
		kunit_skip(test, "no userfaultfd bit here");
}

/* A huge page with the bits of @h, of which VM_SOFTDIRTY hides none. */
static struct test_thp map_history(struct test_mm *tm, const struct history *h)
{
	struct kunit *test = tm->test;
	struct test_thp thp = test_thp_map(tm);

	KUNIT_ASSERT_EQ(test, 0,
			test_clear_refs(tm, TEST_CLEAR_REFS_SOFT_DIRTY));
	if (h->soft_dirty)
		KUNIT_ASSERT_EQ(test, 0,
				test_pattern_fill(tm, thp.addr, TEST_PMD_NR,
						  thp.seed, 0));
	if (h->uffd) {
		struct test_uffd uffd = test_uffd_open(tm, 0);

		KUNIT_ASSERT_EQ(test, 0,
				test_uffd_register(&uffd, thp.addr, PMD_SIZE,
						   UFFDIO_REGISTER_MODE_WP));
		KUNIT_ASSERT_EQ(test, 0,
				test_uffd_wp(&uffd, thp.addr, PMD_SIZE, true));
	}
	test_pmd_swap_out(tm, thp);
	return thp;
}

static void pmd_swap_walk_proc_pagemap_bits(struct kunit *test)
{
	const struct history *h = test->param_value;
	const u64 want = TEST_PM_SWAP |
			 (h->soft_dirty ? TEST_PM_SOFT_DIRTY : 0) |
			 (h->uffd ? TEST_PM_UFFD_WP : 0);
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp;
	u64 *entries;
	int i;

	need_bits(test, h);
	test_pmd_swap_on(tm);
	thp = map_history(tm, h);
	if (h->shared)
		test_mm_fork(tm);

	entries = pagemap_of(tm, thp.addr, TEST_PMD_NR);

	/* Of what is not mapped nobody says that it is mapped once. */
	for (i = 0; i < TEST_PMD_NR; i++) {
		u64 flags = entries[i] & ~TEST_PM_PFRAME;

		KUNIT_ASSERT_EQ_MSG(test, flags, want, "page %d", i);
	}
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));

	split_inside_vma(tm, thp);
	expect_same_entries(test, pagemap_of(tm, thp.addr, TEST_PMD_NR),
			    entries, TEST_PMD_NR);
}

#define MAX_REGIONS	8
#define ALL_CATEGORIES	(PAGE_IS_WPALLOWED | PAGE_IS_WRITTEN | PAGE_IS_FILE | \
			 PAGE_IS_PRESENT | PAGE_IS_SWAPPED | PAGE_IS_PFNZERO | \
			 PAGE_IS_HUGE | PAGE_IS_SOFT_DIRTY | PAGE_IS_GUARD)

/**
 * struct scan - what PAGEMAP_SCAN has found
 * @nr: number of regions, or an error
 * @walk_end: where it has stopped
 * @regions: the regions
 */
struct scan {
	long nr;
	u64 walk_end;
	struct page_region regions[MAX_REGIONS];
};

/* What is asked for. Zeroes for @nr and @max_pages: all. */
struct question {
	const char *name;
	u64 mask;
	u64 inverted;
	u64 anyof;
	int first;
	int nr;
	int max_pages;
	int pages;	/* found */
};

static struct scan scan(struct test_mm *tm, unsigned long addr,
			const struct question *q, u64 flags)
{
	const int nr = q->nr ?: TEST_PMD_NR - q->first;
	struct pm_scan_arg arg = {
		.flags = flags,
		.start = addr + q->first * PAGE_SIZE,
		.end = addr + (q->first + nr) * PAGE_SIZE,
		.vec_len = MAX_REGIONS,
		.max_pages = q->max_pages,
		.category_mask = q->mask,
		.category_inverted = q->inverted,
		.category_anyof_mask = q->anyof,
		.return_mask = ALL_CATEGORIES,
	};
	struct scan s = {};

	s.nr = test_pagemap_scan(tm, &arg, s.regions);
	s.walk_end = arg.walk_end;
	KUNIT_ASSERT_GE(tm->test, s.nr, 0L);
	return s;
}

static void expect_same_scan(struct kunit *test, const struct scan *want,
			     const struct scan *got)
{
	long i;

	KUNIT_EXPECT_EQ_MSG(test, got->walk_end, want->walk_end, "walk_end");
	KUNIT_ASSERT_EQ_MSG(test, got->nr, want->nr, "number of regions");
	for (i = 0; i < want->nr; i++) {
		KUNIT_EXPECT_EQ(test, got->regions[i].start,
				want->regions[i].start);
		KUNIT_EXPECT_EQ(test, got->regions[i].end,
				want->regions[i].end);
		KUNIT_EXPECT_EQ_MSG(test, got->regions[i].categories,
				    want->regions[i].categories,
				    "categories of region %ld", i);
	}
}

/* One region of that many pages, or none. */
static void expect_region(struct kunit *test, const struct scan *s,
			  unsigned long start, int pages)
{
	KUNIT_ASSERT_EQ_MSG(test, s->nr, pages ? 1L : 0L, "number of regions");
	if (!pages)
		return;
	KUNIT_EXPECT_EQ(test, s->regions[0].start, start);
	KUNIT_EXPECT_EQ(test, s->regions[0].end, start + pages * PAGE_SIZE);
}

static const struct question questions[] = {
	{ "everything", .pages = HPAGE_PMD_NR },
	{ "swapped", PAGE_IS_SWAPPED, .pages = HPAGE_PMD_NR },
	{ "not swapped", PAGE_IS_SWAPPED, PAGE_IS_SWAPPED },
	{ "present", PAGE_IS_PRESENT },
	{ "not present", PAGE_IS_PRESENT, PAGE_IS_PRESENT,
	  .pages = HPAGE_PMD_NR },
	{ "huge", PAGE_IS_HUGE },
	{ "not huge", PAGE_IS_HUGE, PAGE_IS_HUGE, .pages = HPAGE_PMD_NR },
	{ "file", PAGE_IS_FILE },
	{ "not file", PAGE_IS_FILE, PAGE_IS_FILE, .pages = HPAGE_PMD_NR },
	{ "swapped or present", .anyof = PAGE_IS_SWAPPED | PAGE_IS_PRESENT,
	  .pages = HPAGE_PMD_NR },
	{ "huge or present", .anyof = PAGE_IS_HUGE | PAGE_IS_PRESENT },
	{ "written", PAGE_IS_WRITTEN },
	{ "swapped, from inside", PAGE_IS_SWAPPED, .first = 7,
	  .pages = HPAGE_PMD_NR - 7 },
	{ "swapped, inside", PAGE_IS_SWAPPED, .first = 7, .nr = 20,
	  .pages = 20 },
	{ "swapped, not all", PAGE_IS_SWAPPED, .max_pages = 9, .pages = 9 },
	{ "swapped, from inside, not all", PAGE_IS_SWAPPED, .first = 7,
	  .max_pages = 9, .pages = 9 },
};

KUNIT_ARRAY_PARAM_DESC(question, questions, name);

static void pmd_swap_walk_proc_scan(struct kunit *test)
{
	const struct question *q = test->param_value;
	struct watched w = watch_new(test);
	struct scan found = scan(w.tm, w.thp.addr, q, 0);
	struct scan truth;

	expect_region(test, &found, w.thp.addr + q->first * PAGE_SIZE,
		      q->pages);
	if (found.nr)
		KUNIT_EXPECT_EQ(test, found.regions[0].categories &
				~PAGE_IS_SOFT_DIRTY, PAGE_IS_SWAPPED);
	expect_undisturbed(&w, 1);

	split_inside_vma(w.tm, w.thp);
	truth = scan(w.tm, w.thp.addr, q, 0);
	expect_same_scan(test, &truth, &found);
	TEST_EXPECT_THP(w.tm, w.thp);
}

/* Cached or not, it is swapped: what the PTEs say, too. */
static void pmd_swap_walk_proc_scan_area(struct kunit *test)
{
	const struct question everything = {};
	struct watched w = watch_new(test);
	struct scan found = scan(w.tm, w.thp.addr, &everything, 0);
	struct scan truth;

	expect_region(test, &found, w.thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, found.regions[0].categories & ~PAGE_IS_SOFT_DIRTY,
			PAGE_IS_SWAPPED);
	expect_undisturbed(&w, 1);

	split_inside_vma(w.tm, w.thp);
	truth = scan(w.tm, w.thp.addr, &everything, 0);
	expect_same_scan(test, &truth, &found);
}

static void pmd_swap_walk_proc_scan_bits(struct kunit *test)
{
	const struct question everything = {};
	const struct history *h = test->param_value;
	/* "written" is what userfaultfd is registered for and does not protect. */
	const u64 want = PAGE_IS_SWAPPED |
			 (h->soft_dirty ? PAGE_IS_SOFT_DIRTY : 0);
	struct test_mm *tm = test_mm_create(test);
	struct scan found, truth;
	struct test_thp thp;

	need_bits(test, h);
	test_pmd_swap_on(tm);
	thp = map_history(tm, h);
	if (h->shared)
		test_mm_fork(tm);

	found = scan(tm, thp.addr, &everything, 0);

	expect_region(test, &found, thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, found.regions[0].categories, want);
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));

	split_inside_vma(tm, thp);
	truth = scan(tm, thp.addr, &everything, 0);
	expect_same_scan(test, &truth, &found);
}

/* Memory whose writes PAGEMAP_SCAN can track, swapped out before it does. */
static struct watched watch_tracked(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp;
	struct test_uffd uffd;

	if (!pgtable_supports_uffd())
		kunit_skip(test, "no userfaultfd bit here");
	thp = test_pmd_swap_map(tm);
	uffd = test_uffd_open(tm, UFFD_FEATURE_WP_ASYNC |
			      UFFD_FEATURE_WP_UNPOPULATED);
	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_register(&uffd, thp.addr, PMD_SIZE,
					   UFFDIO_REGISTER_MODE_WP));
	return watch(tm, swap, thp);
}

static const struct question ask_written = { .mask = PAGE_IS_WRITTEN };

/* Nothing is protected yet, so all of it counts as written. */
static void pmd_swap_walk_proc_scan_written(struct kunit *test)
{
	struct watched w = watch_tracked(test);
	struct scan found = scan(w.tm, w.thp.addr, &ask_written, 0);
	struct scan truth;

	expect_region(test, &found, w.thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, found.regions[0].categories & ~PAGE_IS_SOFT_DIRTY,
			PAGE_IS_SWAPPED | PAGE_IS_WRITTEN | PAGE_IS_WPALLOWED);
	expect_undisturbed(&w, 1);

	split_inside_vma(w.tm, w.thp);
	truth = scan(w.tm, w.thp.addr, &ask_written, 0);
	expect_same_scan(test, &truth, &found);
}

static void write_byte(struct test_mm *tm, unsigned long addr)
{
	char byte;

	KUNIT_ASSERT_EQ(tm->test, 0, test_mm_read(tm, &byte, addr, 1));
	KUNIT_ASSERT_EQ(tm->test, 0, test_mm_write(tm, addr, &byte, 1));
}

static void pmd_swap_walk_proc_scan_wp(struct kunit *test)
{
	struct watched w = watch_tracked(test);
	struct scan found = scan(w.tm, w.thp.addr, &ask_written,
				 PM_SCAN_WP_MATCHING);
	struct test_ptes n;

	expect_region(test, &found, w.thp.addr, TEST_PMD_NR);
	w.pmd = pmd_swp_mkuffd(w.pmd);
	expect_undisturbed(&w, 1);
	/* From here on nothing has been written. */
	found = scan(w.tm, w.thp.addr, &ask_written, PM_SCAN_WP_MATCHING);
	expect_region(test, &found, w.thp.addr, 0);

	split_inside_vma(w.tm, w.thp);
	n = test_count_ptes(w.tm, w.thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.swap, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.uffd, TEST_PMD_NR);
	found = scan(w.tm, w.thp.addr, &ask_written, 0);
	expect_region(test, &found, w.thp.addr, 0);
	TEST_EXPECT_THP(w.tm, w.thp);
}

/* The same without a buffer for regions: a path of its own for PTEs. */
static void pmd_swap_walk_proc_scan_wp_only(struct kunit *test)
{
	struct watched w = watch_tracked(test);
	struct pm_scan_arg arg = {
		.flags = PM_SCAN_WP_MATCHING,
		.start = w.thp.addr,
		.end = w.thp.addr + PMD_SIZE,
		.category_mask = PAGE_IS_WRITTEN,
	};

	KUNIT_ASSERT_EQ(test, 0L, test_pagemap_scan(w.tm, &arg, NULL));

	w.pmd = pmd_swp_mkuffd(w.pmd);
	expect_undisturbed(&w, 1);
	KUNIT_EXPECT_EQ(test, arg.walk_end, w.thp.addr + PMD_SIZE);
	TEST_EXPECT_THP(w.tm, w.thp);
}

/* The protection comes back with the memory: the first write is seen. */
static void pmd_swap_walk_proc_scan_wp_then_write(struct kunit *test)
{
	const int page = 11;
	struct watched w = watch_tracked(test);
	struct scan found;

	scan(w.tm, w.thp.addr, &ask_written, PM_SCAN_WP_MATCHING);
	TEST_EXPECT_THP(w.tm, w.thp);
	found = scan(w.tm, w.thp.addr, &ask_written, 0);
	expect_region(test, &found, w.thp.addr, 0);

	write_byte(w.tm, w.thp.addr + page * PAGE_SIZE);

	found = scan(w.tm, w.thp.addr, &ask_written, 0);
	expect_region(test, &found, w.thp.addr + page * PAGE_SIZE, 1);
	TEST_EXPECT_THP(w.tm, w.thp);
	TEST_EXPECT_RSS(w.stat, TEST_PMD_NR, -TEST_PMD_NR);
}

#ifdef CONFIG_MIGRATION
/* Shared memory that was only read: writable all the same, and not soft-dirty. */
static struct test_thp map_shmem(struct test_mm *tm, int advice)
{
	struct file *file = test_shmem_huge_file(tm->test, PMD_SIZE);
	const unsigned long addr = test_mm_map_file(tm, file, PMD_SIZE,
						    PROT_READ | PROT_WRITE,
						    MAP_SHARED);
	char byte;

	KUNIT_ASSERT_EQ(tm->test, 0,
			test_mm_madvise(tm, addr, PMD_SIZE, advice));
	KUNIT_ASSERT_EQ(tm->test, 0, test_mm_read(tm, &byte, addr, 1));
	KUNIT_ASSERT_EQ(tm->test, test_is_thp(tm, addr),
			advice == MADV_HUGEPAGE);
	return (struct test_thp) { .addr = addr };
}

static struct test_thp map_shmem_huge(struct test_mm *tm)
{
	return map_shmem(tm, MADV_HUGEPAGE);
}

static struct test_thp map_shmem_base(struct test_mm *tm)
{
	return map_shmem(tm, MADV_NOHUGEPAGE);
}

static const struct page_kind {
	const char *name;
	struct test_thp (*map)(struct test_mm *tm);
	bool shared;
	int written;	/* pages that one write is told of */
} page_kinds[] = {
	{ "huge page", test_thp_map, .written = 1 },
	{ "base page", test_small_map, .written = 1 },
	{ "huge page of shmem", map_shmem_huge, true,
	  /* Its PMD is not split but dropped, with the protection. */
	  .written = HPAGE_PMD_NR },
	{ "base page of shmem", map_shmem_base, true, .written = 1 },
};

KUNIT_ARRAY_PARAM_DESC(page_kind, page_kinds, name);

/*
 * A page on its way to another place, mapped writable before: what stands for
 * it is protected too, and the first write after it has come is seen.
 */
static void pmd_swap_walk_proc_scan_wp_migration(struct kunit *test)
{
	const struct page_kind *kind = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct folio *folio;
	struct test_uffd uffd;
	struct test_thp thp;
	unsigned long addr;
	softleaf_t entry;
	struct scan found;

	/* Where there are PMD swap entries, the fix that this needs is too. */
	test_pmd_swap_on(tm);
	if (!pgtable_supports_uffd())
		kunit_skip(test, "no userfaultfd bit here");
	thp = kind->map(tm);
	addr = thp.addr;
	uffd = test_uffd_open(tm, UFFD_FEATURE_WP_ASYNC |
			      UFFD_FEATURE_WP_UNPOPULATED);
	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_register(&uffd, addr, PMD_SIZE,
					   UFFDIO_REGISTER_MODE_WP));

	folio = test_folio_get(tm, addr);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	folio_lock(folio);
	try_to_migrate(folio, 0);
	entry = test_softleaf(tm, addr);
	KUNIT_EXPECT_TRUE(test, softleaf_is_migration_write(entry));
	scan(tm, addr, &ask_written, PM_SCAN_WP_MATCHING);
	entry = test_softleaf(tm, addr);
	KUNIT_EXPECT_TRUE(test, softleaf_is_migration(entry));
	KUNIT_EXPECT_FALSE(test, softleaf_is_migration_write(entry));
	remove_migration_ptes(folio, folio, 0);
	folio_unlock(folio);
	folio_put(folio);

	found = scan(tm, addr, &ask_written, 0);
	expect_region(test, &found, addr, 0);
	write_byte(tm, addr);
	found = scan(tm, addr, &ask_written, 0);
	expect_region(test, &found, addr, kind->written);
	if (kind->shared)
		TEST_EXPECT_ZERO(tm, addr, TEST_PMD_NR);
	else
		TEST_EXPECT_PATTERN(tm, addr, TEST_PMD_NR, thp.seed);
}
#endif

static const struct question ask_part[] = {
	{ "first page", PAGE_IS_WRITTEN, .nr = 1, .pages = 1 },
	{ "first half", PAGE_IS_WRITTEN, .nr = HALF, .pages = HALF },
	{ "page in the middle", PAGE_IS_WRITTEN, .first = HALF, .nr = 1,
	  .pages = 1 },
	{ "second half", PAGE_IS_WRITTEN, .first = HALF, .pages = HALF },
	{ "last page", PAGE_IS_WRITTEN, .first = TEST_PMD_NR - 1, .pages = 1 },
	{ "all, and no more than half of it", PAGE_IS_WRITTEN,
	  .max_pages = HALF, .pages = HALF },
};

KUNIT_ARRAY_PARAM_DESC(ask_part, ask_part, name);

static void pmd_swap_walk_proc_scan_wp_part(struct kunit *test)
{
	const struct question *q = test->param_value;
	struct watched w = watch_tracked(test);
	unsigned long addr = w.thp.addr + q->first * PAGE_SIZE;
	struct scan found = scan(w.tm, w.thp.addr, q, PM_SCAN_WP_MATCHING);

	expect_region(test, &found, addr, q->pages);
	KUNIT_EXPECT_EQ(test, found.walk_end, addr + q->pages * PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, test_has_pte_table(w.tm, w.thp.addr));
	KUNIT_EXPECT_EQ(test, q->pages,
			test_count_ptes(w.tm, addr, q->pages).uffd);
	KUNIT_EXPECT_EQ(test, q->pages,
			test_count_ptes(w.tm, w.thp.addr, TEST_PMD_NR).uffd);
	TEST_EXPECT_SLOTS(w.tm, w.thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(w.swap), TEST_PMD_NR);
	TEST_EXPECT_RSS(w.stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(w.stat), 0);
	TEST_EXPECT_EVENT(w.stat, "pswpin", 0);

	TEST_EXPECT_THP(w.tm, w.thp);
	TEST_EXPECT_RSS(w.stat, TEST_PMD_NR, -TEST_PMD_NR);
}

/* clear_refs 4 clears this one bit; the others are none of its business. */
static void pmd_swap_walk_proc_clear_soft_dirty(struct kunit *test)
{
	const struct history *h = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_ptes n;
	struct watched w;
	u64 *entries;
	int i;

	need_bits(test, h);
	w = watch(tm, swap, map_history(tm, h));
	KUNIT_ASSERT_EQ(test, !!pmd_swp_soft_dirty(w.pmd), h->soft_dirty);
	KUNIT_ASSERT_EQ(test, !!pmd_swp_uffd(w.pmd), h->uffd);
	if (h->shared) {
		test_mm_fork(tm);
		w.pmd = test_pmd(tm, w.thp.addr);
	}

	KUNIT_ASSERT_EQ(test, 0,
			test_clear_refs(tm, TEST_CLEAR_REFS_SOFT_DIRTY));

	w.pmd = pmd_swp_clear_soft_dirty(w.pmd);
	expect_undisturbed(&w, h->shared ? 2 : 1);
	entries = pagemap_of(tm, w.thp.addr, TEST_PMD_NR);
	for (i = 0; i < TEST_PMD_NR; i++) {
		bool soft_dirty = entries[i] & TEST_PM_SOFT_DIRTY;

		KUNIT_ASSERT_FALSE_MSG(test, soft_dirty, "page %d", i);
	}

	split_inside_vma(tm, w.thp);
	n = test_count_ptes(tm, w.thp.addr, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.swap, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.soft_dirty, 0);
	KUNIT_EXPECT_EQ(test, n.uffd, h->uffd ? TEST_PMD_NR : 0);
	KUNIT_EXPECT_EQ(test, n.exclusive, h->shared ? 0 : TEST_PMD_NR);
	TEST_EXPECT_THP(tm, w.thp);
}

/* Once cleared it stays so across the swap-in, until somebody writes. */
static void pmd_swap_walk_proc_clear_then_write(struct kunit *test)
{
	struct watched w;
	u64 *entries;

	if (!pgtable_supports_soft_dirty())
		kunit_skip(test, "no soft-dirty bit here");
	w = watch_new(test);
	KUNIT_ASSERT_TRUE(test, pmd_swp_soft_dirty(w.pmd));

	KUNIT_ASSERT_EQ(test, 0,
			test_clear_refs(w.tm, TEST_CLEAR_REFS_SOFT_DIRTY));

	TEST_EXPECT_THP(w.tm, w.thp);
	entries = pagemap_of(w.tm, w.thp.addr, 1);
	KUNIT_EXPECT_EQ(test, entries[0] & (TEST_PM_SOFT_DIRTY | TEST_PM_PRESENT),
			TEST_PM_PRESENT);
	write_byte(w.tm, w.thp.addr);
	entries = pagemap_of(w.tm, w.thp.addr, 1);
	KUNIT_EXPECT_EQ(test, entries[0] & (TEST_PM_SOFT_DIRTY | TEST_PM_PRESENT),
			TEST_PM_PRESENT | TEST_PM_SOFT_DIRTY);
	TEST_EXPECT_THP(w.tm, w.thp);
}

/* The others clear what the hardware has seen: nothing, of a swap entry. */
struct clear {
	const char *name;
	int type;
};

static const struct clear clears[] = {
	{ "all", TEST_CLEAR_REFS_ALL },
	{ "anonymous", 2 },
	{ "mapped", 3 },
	{ "peak", 5 },
};

KUNIT_ARRAY_PARAM_DESC(clear, clears, name);

static void pmd_swap_walk_proc_clear_refs(struct kunit *test)
{
	const struct clear *clear = test->param_value;
	struct watched w = watch_new(test);

	KUNIT_ASSERT_EQ(test, 0, test_clear_refs(w.tm, clear->type));

	expect_undisturbed(&w, 1);
	TEST_EXPECT_THP(w.tm, w.thp);
}

/* A byte a page: whether an access would find it in memory. */
static u8 *mincore_of(struct test_mm *tm, unsigned long addr, unsigned int nr)
{
	struct kunit *test = tm->test;
	u8 *vec = kunit_kmalloc(test, nr, GFP_KERNEL);
	struct test_mm *old;
	long ret;

	KUNIT_ASSERT_NOT_NULL(test, vec);
	/* What is not written is neither 0 nor 1. */
	memset(vec, 0xaa, nr);
	test_mm_put_arg(tm, vec, nr);
	old = test_mm_use(tm);
	ret = test_sys_mincore(addr, nr * PAGE_SIZE, tm->scratch);
	test_mm_use(old);
	KUNIT_ASSERT_EQ(test, 0L, ret);
	KUNIT_ASSERT_EQ(test, 0, test_mm_get_arg(tm, vec, nr));
	return vec;
}

static void expect_mincore(struct kunit *test, const u8 *vec, unsigned int nr,
			   u8 want)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ_MSG(test, vec[i], want, "page %u", i);
}

static void pmd_swap_walk_proc_mincore(struct kunit *test)
{
	struct watched w = watch_new(test);
	int cached = test_slots(w.tm, w.thp.addr, TEST_PMD_NR).cached;
	u8 *vec = mincore_of(w.tm, w.thp.addr, TEST_PMD_NR);

	expect_mincore(test, vec, TEST_PMD_NR, !!cached);
	expect_undisturbed(&w, 1);
	KUNIT_EXPECT_EQ(test, cached,
			test_slots(w.tm, w.thp.addr, TEST_PMD_NR).cached);

	split_inside_vma(w.tm, w.thp);
	KUNIT_EXPECT_MEMEQ(test, vec,
			   mincore_of(w.tm, w.thp.addr, TEST_PMD_NR),
			   TEST_PMD_NR);
	TEST_EXPECT_THP(w.tm, w.thp);
}

static const int pages[] = { 0, 1, HALF, TEST_PMD_NR - 1 };

static void page_desc(const int *page, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "page %d", *page);
}

KUNIT_ARRAY_PARAM(page, pages, page_desc);

/* Another process has one page of it in the swap cache. */
static void pmd_swap_walk_proc_mincore_mixed(struct kunit *test)
{
	const int page = *(const int *)test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *child;
	u8 *vec;

	pmd_swap_go_out(&s);
	child = fork_and_split(&s);
	cache_one_page(&s, child, page);

	vec = mincore_of(s.tm, s.thp.addr, TEST_PMD_NR);

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	KUNIT_EXPECT_EQ(test, vec[page], 1);
	expect_mincore(test, vec, page, 0);
	expect_mincore(test, vec + page + 1, TEST_PMD_NR - page - 1, 0);

	split_inside_vma(s.tm, s.thp);
	KUNIT_EXPECT_MEMEQ(test, vec,
			   mincore_of(s.tm, s.thp.addr, TEST_PMD_NR),
			   TEST_PMD_NR);
	TEST_EXPECT_THP(s.tm, s.thp);
}

/* Asked for a part, mincore() has to begin with the slot of that part. */
static void pmd_swap_walk_proc_mincore_inside(struct kunit *test)
{
	const struct part *read = test->param_value;
	const int page = HALF + 2;
	const int nr = min(read->nr, TEST_PMD_NR - read->first);
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	unsigned long addr = pmd_swap_addr(&s, read->first);
	u8 *vec;
	int i;

	pmd_swap_go_out(&s);
	cache_one_page(&s, fork_and_split(&s), page);

	vec = mincore_of(s.tm, addr, nr);

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ_MSG(test, vec[i], read->first + i == page,
				    "page %d", read->first + i);

	split_inside_vma(s.tm, s.thp);
	KUNIT_EXPECT_MEMEQ(test, vec, mincore_of(s.tm, addr, nr), nr);
}

/* A folio that is being read is in the cache, and not in memory yet. */
static void pmd_swap_walk_proc_mincore_while_read(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct folio *folio;
	u8 *vec;

	pmd_swap_go_out(&s);
	test_disk_hold(s.disk, TEST_DISK_READS);
	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(s.tm, s.thp.addr, PMD_SIZE,
						 MADV_WILLNEED));
	if (!test_disk_is_holding(s.disk))
		kunit_skip(test, "MADV_WILLNEED reads nothing in for a PMD swap entry");

	vec = mincore_of(s.tm, s.thp.addr, TEST_PMD_NR);

	expect_mincore(test, vec, TEST_PMD_NR, 0);
	test_disk_release(s.disk);
	folio = get_cached(&s);
	folio_lock(folio);
	folio_unlock(folio);
	folio_put(folio);
	vec = mincore_of(s.tm, s.thp.addr, TEST_PMD_NR);
	expect_mincore(test, vec, TEST_PMD_NR, 1);
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(s.tm, s.thp.addr));
	expect_rss_as_mapped(&s);
	TEST_EXPECT_THP(s.tm, s.thp);
}

static int pmd_swap_walk_proc_init(struct kunit *test)
{
	test_pmd_swap_require(test);
	return 0;
}

static struct kunit_case pmd_swap_walk_proc_cases[] = {
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_smaps,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_walk_proc_rollup),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_smaps_shared, sharers_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_smaps_shared_in_part,
			 part_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_pagemap,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_pagemap_inside, read_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_pagemap_bits, history_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_scan, question_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_scan_area,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_scan_bits, history_gen_params),
	KUNIT_CASE(pmd_swap_walk_proc_scan_written),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_scan_wp,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_walk_proc_scan_wp_only),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_scan_wp_then_write,
			 test_pmd_swap_area_gen_params),
#ifdef CONFIG_MIGRATION
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_scan_wp_migration, page_kind_gen_params),
#endif
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_scan_wp_part, ask_part_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_clear_soft_dirty,
			 history_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_clear_then_write,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_clear_refs, clear_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_mincore,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_mincore_mixed, page_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_walk_proc_mincore_inside, read_gen_params),
	KUNIT_CASE(pmd_swap_walk_proc_mincore_while_read),
	{}
};

static struct kunit_suite pmd_swap_walk_proc_suite = {
	.name = "pmd_swap_walk_proc",
	.init = pmd_swap_walk_proc_init,
	.test_cases = pmd_swap_walk_proc_cases,
};

kunit_test_suite(pmd_swap_walk_proc_suite);

MODULE_DESCRIPTION("KUnit suite for what /proc says of PMD swap entries");
MODULE_LICENSE("GPL");
