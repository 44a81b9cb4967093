// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of the protection of memory that is a PMD swap entry, by mprotect()
 * and by userfaultfd: the slots stay as they are, and the fault that brings the
 * memory back maps it as it may be used then.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf \
 *		'pmd_swap_mprotect'
 *
 * What NUMA balancing makes of an entry (MM_CP_PROT_NUMA) is not looked at:
 * task_numa_work() and change_prot_numa() are there with CONFIG_NUMA_BALANCING
 * only, which wants more than the one node that these suites run on, and
 * change_protection() warns of the flag in any other kernel.
 */
#include <kunit/test.h>

#include <linux/mman.h>
#include <linux/swap.h>

#include "../../internal.h"
#include "../../swap.h"

#include "compat.h"
#include "fixtures/fixtures.h"
#include "pmd_swap_helpers.h"

#define HALF		(TEST_PMD_NR / 2)
#define PROT_RW		(PROT_READ | PROT_WRITE)

/* The entry, and what it was counted as. */
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

static void expect_uncounted(struct watched *w, int count)
{
	struct kunit *test = w->tm->test;

	TEST_EXPECT_SLOTS(w->tm, w->thp.addr, TEST_PMD_NR, count);
	KUNIT_EXPECT_EQ(test, test_swap_used(w->swap), TEST_PMD_NR);
	TEST_EXPECT_RSS(w->stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(w->stat), 0);
	TEST_EXPECT_EVENT(w->stat, "pswpin", 0);
}

static void expect_whole(struct watched *w, pmd_t pmd, int count)
{
	struct kunit *test = w->tm->test;

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(w->tm, w->thp.addr));
	KUNIT_EXPECT_EQ_MSG(test, softleaf_raw_pmd(test_pmd(w->tm, w->thp.addr)),
			    softleaf_raw_pmd(pmd), "the PMD");
	if (test_deposits(w->tm, w->thp.addr) != -EOPNOTSUPP)
		KUNIT_EXPECT_EQ(test, test_deposits(w->tm, w->thp.addr), 1);
	expect_uncounted(w, count);
}

/* One page table, that the PMD had with it, and all slots in it. */
static void expect_split_only(struct watched *w)
{
	struct kunit *test = w->tm->test;

	KUNIT_ASSERT_TRUE(test, test_has_pte_table(w->tm, w->thp.addr));
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_count_ptes(w->tm, w->thp.addr, TEST_PMD_NR).swap);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_count_ptes(w->tm, w->thp.addr,
					TEST_PMD_NR).exclusive);
	if (test_deposits(w->tm, w->thp.addr) != -EOPNOTSUPP)
		KUNIT_EXPECT_EQ(test, test_deposits(w->tm, w->thp.addr), 0);
	expect_uncounted(w, 1);
}

static int read_byte(struct test_mm *tm, unsigned long addr)
{
	char byte;

	return test_mm_read(tm, &byte, addr, 1);
}

/* What is written is what is there, so that the contents can be compared. */
static int write_byte(struct test_mm *tm, struct test_thp thp,
		      unsigned int page)
{
	u64 word = test_pattern_word(thp.seed, page, 0);

	return test_mm_write(tm, thp.addr + page * PAGE_SIZE, &word,
			     sizeof(word));
}

static void pmd_swap_mprotect_read_only(struct kunit *test)
{
	struct watched w = watch_new(test);

	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(w.tm, w.thp.addr, PMD_SIZE,
						  PROT_READ));

	expect_whole(&w, w.pmd, 1);
	KUNIT_EXPECT_EQ(test, -EFAULT, write_byte(w.tm, w.thp, 0));
	expect_whole(&w, w.pmd, 1);

	TEST_EXPECT_THP(w.tm, w.thp);
	KUNIT_EXPECT_TRUE(test, test_is_thp(w.tm, w.thp.addr));
	KUNIT_EXPECT_FALSE(test, pmd_write(test_pmd(w.tm, w.thp.addr)));
	KUNIT_EXPECT_EQ(test, -EFAULT, write_byte(w.tm, w.thp, 0));
	TEST_EXPECT_RSS(w.stat, TEST_PMD_NR, -TEST_PMD_NR);

	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(w.tm, w.thp.addr, PMD_SIZE,
						  PROT_RW));
	KUNIT_EXPECT_EQ(test, 0, write_byte(w.tm, w.thp, 0));
	/* It was exclusive all the time: nothing had to be copied. */
	KUNIT_EXPECT_TRUE(test, test_is_thp(w.tm, w.thp.addr));
	TEST_EXPECT_THP(w.tm, w.thp);
}

/* Back before anybody has looked: the fault maps it for writing. */
static void pmd_swap_mprotect_and_back(struct kunit *test)
{
	struct watched w = watch_new(test);

	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(w.tm, w.thp.addr, PMD_SIZE,
						  PROT_READ));
	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(w.tm, w.thp.addr, PMD_SIZE,
						  PROT_RW));

	expect_whole(&w, w.pmd, 1);
	KUNIT_EXPECT_EQ(test, 0, write_byte(w.tm, w.thp, 0));
	KUNIT_EXPECT_TRUE(test, test_is_thp(w.tm, w.thp.addr));
	KUNIT_EXPECT_TRUE(test, pmd_write(test_pmd(w.tm, w.thp.addr)));
	TEST_EXPECT_THP(w.tm, w.thp);
	TEST_EXPECT_RSS(w.stat, TEST_PMD_NR, -TEST_PMD_NR);
}

/* No access, so nobody can make it come back meanwhile. */
static void pmd_swap_mprotect_none(struct kunit *test)
{
	struct watched w = watch_new(test);

	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(w.tm, w.thp.addr, PMD_SIZE,
						  PROT_NONE));

	expect_whole(&w, w.pmd, 1);
	KUNIT_EXPECT_EQ(test, -EFAULT, read_byte(w.tm, w.thp.addr));
	KUNIT_EXPECT_EQ(test, -EFAULT, write_byte(w.tm, w.thp, HALF));
	expect_whole(&w, w.pmd, 1);

	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(w.tm, w.thp.addr, PMD_SIZE,
						  PROT_RW));
	expect_whole(&w, w.pmd, 1);
	TEST_EXPECT_THP(w.tm, w.thp);
	KUNIT_EXPECT_TRUE(test, test_is_thp(w.tm, w.thp.addr));
	KUNIT_EXPECT_EQ(test, 0, write_byte(w.tm, w.thp, 0));
	TEST_EXPECT_RSS(w.stat, TEST_PMD_NR, -TEST_PMD_NR);
}

/* Two have it: none of them gets it writable by a change of protection. */
static void pmd_swap_mprotect_shared(struct kunit *test)
{
	struct watched w = watch_new(test);
	struct test_mm *child = test_mm_fork(w.tm);
	u32 seed;

	w.pmd = test_pmd(w.tm, w.thp.addr);
	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(w.tm, w.thp.addr, PMD_SIZE,
						  PROT_READ));
	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(w.tm, w.thp.addr, PMD_SIZE,
						  PROT_RW));

	expect_whole(&w, w.pmd, 2);
	seed = rewrite_page(w.tm, w.thp, 7);
	expect_rewritten(w.tm, w.thp, 7, seed);
	TEST_EXPECT_THP(child, w.thp);
}

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

static bool in_part(const struct part *part, int page)
{
	return page >= part->first && page < part->first + part->nr;
}

static unsigned long part_addr(struct watched *w, const struct part *part)
{
	return w->thp.addr + part->first * PAGE_SIZE;
}

/* Write to the first, the middle and the last page: may only those of @part? */
static void expect_read_only_part(struct watched *w, const struct part *part)
{
	static const int pages[] = { 0, 1, HALF - 1, HALF, TEST_PMD_NR - 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		KUNIT_EXPECT_EQ_MSG(w->tm->test,
				    write_byte(w->tm, w->thp, pages[i]),
				    in_part(part, pages[i]) ? -EFAULT : 0,
				    "write to page %d", pages[i]);
}

static void pmd_swap_mprotect_part(struct kunit *test)
{
	const struct part *part = test->param_value;
	struct watched w = watch_new(test);

	KUNIT_ASSERT_EQ(test, 0,
			test_mm_mprotect(w.tm, part_addr(&w, part),
					 part->nr * PAGE_SIZE, PROT_READ));

	expect_split_only(&w);
	expect_read_only_part(&w, part);
	TEST_EXPECT_THP(w.tm, w.thp);
	expect_read_only_part(&w, part);

	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(w.tm, w.thp.addr, PMD_SIZE,
						  PROT_RW));
	KUNIT_EXPECT_EQ(test, 0, write_byte(w.tm, w.thp, part->first));
	TEST_EXPECT_THP(w.tm, w.thp);
	TEST_EXPECT_RSS(w.stat, TEST_PMD_NR, -TEST_PMD_NR);
}

/* No access to half of it, with a folio in the cache and without. */
static void pmd_swap_mprotect_half_none(struct kunit *test)
{
	struct watched w = watch_new(test);
	unsigned long second = w.thp.addr + HALF * PAGE_SIZE;

	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(w.tm, w.thp.addr,
						  HALF * PAGE_SIZE,
						  PROT_NONE));

	expect_split_only(&w);
	KUNIT_EXPECT_EQ(test, -EFAULT, read_byte(w.tm, w.thp.addr));
	KUNIT_EXPECT_EQ(test, -EFAULT, read_byte(w.tm, second - PAGE_SIZE));
	TEST_EXPECT_PATTERN_AT(w.tm, second, HALF, w.thp.seed, HALF);
	TEST_EXPECT_RSS(w.stat, HALF, -HALF);

	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(w.tm, w.thp.addr,
						  HALF * PAGE_SIZE, PROT_RW));
	TEST_EXPECT_THP(w.tm, w.thp);
	TEST_EXPECT_RSS(w.stat, TEST_PMD_NR, -TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, 0, test_swap_off(w.swap));
	TEST_EXPECT_THP(w.tm, w.thp);
}

/* From the middle of one entry to the middle of the next but one. */
static void pmd_swap_mprotect_across(struct kunit *test)
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
			test_mm_mprotect(tm, middle, 2 * PMD_SIZE, PROT_READ));

	KUNIT_EXPECT_TRUE(test, test_has_pte_table(tm, addr));
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, addr + PMD_SIZE));
	KUNIT_EXPECT_TRUE(test, test_has_pte_table(tm, addr + 2 * PMD_SIZE));
	TEST_EXPECT_SLOTS(tm, addr, 3 * TEST_PMD_NR, 1);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 3 * TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	TEST_EXPECT_PATTERN(tm, addr, 3 * TEST_PMD_NR, seed);
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, addr + PMD_SIZE));
	KUNIT_EXPECT_FALSE(test, pmd_write(test_pmd(tm, addr + PMD_SIZE)));
}

/* Each flag of the entry, alone and with the others. */
struct flags {
	const char *name;
	bool soft_dirty;
	bool uffd;
	bool exclusive;
};

static const struct flags all_flags[] = {
	{ "none", false, false, false },
	{ "soft-dirty", true, false, false },
	{ "uffd", false, true, false },
	{ "exclusive", false, false, true },
	{ "soft-dirty, uffd", true, true, false },
	{ "soft-dirty, exclusive", true, false, true },
	{ "uffd, exclusive", false, true, true },
	{ "soft-dirty, uffd, exclusive", true, true, true },
};

KUNIT_ARRAY_PARAM_DESC(flags, all_flags, name);

static struct test_thp map_flags(struct test_mm *tm, const struct flags *flags)
{
	struct kunit *test = tm->test;
	struct test_uffd uffd;
	struct test_thp thp;

	if (flags->soft_dirty && !pgtable_supports_soft_dirty())
		kunit_skip(test, "no soft-dirty bit here");
	if (flags->uffd && !pgtable_supports_uffd())
		kunit_skip(test, "no userfaultfd bit here");

	thp = test_thp_map(tm);
	/* A page that was shared once is not exclusive when it is swapped out. */
	if (!flags->exclusive)
		test_mm_exit(test_mm_fork(tm));
	if (!flags->soft_dirty && pgtable_supports_soft_dirty())
		KUNIT_ASSERT_EQ(test, 0,
				test_clear_refs(tm, TEST_CLEAR_REFS_SOFT_DIRTY));
	if (flags->uffd) {
		uffd = test_uffd_open(tm, 0);
		KUNIT_ASSERT_EQ(test, 0,
				test_uffd_register(&uffd, thp.addr, PMD_SIZE,
						   UFFDIO_REGISTER_MODE_WP));
		KUNIT_ASSERT_EQ(test, 0,
				test_uffd_wp(&uffd, thp.addr, PMD_SIZE, true));
	}
	test_pmd_swap_out(tm, thp);
	KUNIT_ASSERT_EQ(test, flags->uffd,
			!!pmd_swp_uffd(test_pmd(tm, thp.addr)));
	return thp;
}

static void expect_flags(struct watched *w, const struct flags *flags)
{
	struct test_ptes n = test_count_ptes(w->tm, w->thp.addr, TEST_PMD_NR);
	struct kunit *test = w->tm->test;

	KUNIT_EXPECT_EQ(test, n.swap, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, n.soft_dirty, flags->soft_dirty ? TEST_PMD_NR : 0);
	KUNIT_EXPECT_EQ(test, n.uffd, flags->uffd ? TEST_PMD_NR : 0);
	KUNIT_EXPECT_EQ(test, n.exclusive, flags->exclusive ? TEST_PMD_NR : 0);
	expect_uncounted(w, 1);
}

static void pmd_swap_mprotect_keeps_flags(struct kunit *test)
{
	const struct flags *flags = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct watched w = watch(tm, swap, map_flags(tm, flags));

	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(tm, w.thp.addr, PMD_SIZE,
						  PROT_READ));
	expect_whole(&w, w.pmd, 1);
	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(tm, w.thp.addr, PMD_SIZE,
						  PROT_RW));
	expect_whole(&w, w.pmd, 1);

	test_pmd_swap_split(tm, w.thp);
	expect_flags(&w, flags);
	TEST_EXPECT_THP(tm, w.thp);
}

static void pmd_swap_mprotect_half_keeps_flags(struct kunit *test)
{
	const struct flags *flags = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct watched w = watch(tm, swap, map_flags(tm, flags));

	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(tm, w.thp.addr,
						  HALF * PAGE_SIZE, PROT_READ));

	expect_flags(&w, flags);
	TEST_EXPECT_THP(tm, w.thp);
}

/*
 * userfaultfd: what is protected before it comes back has to be caught after.
 * RWP catches any access, write protection only a write.
 */
struct mode {
	const char *name;
	bool rwp;
	bool cached;
};

static const struct mode modes[] = {
	{ "write protection", false, false },
	{ "write protection, folio cached", false, true },
#ifdef UFFDIO_RWPROTECT
	{ "RWP", true, false },
	{ "RWP, folio cached", true, true },
#endif
};

KUNIT_ARRAY_PARAM_DESC(mode, modes, name);

/* An entry that a userfaultfd is registered for, and does not protect yet. */
struct caught {
	const struct mode *mode;
	struct watched w;
	struct test_uffd uffd;
};

static struct caught catch(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	u64 features = UFFD_FEATURE_SIGBUS;
	u64 how = UFFDIO_REGISTER_MODE_WP;
	struct caught c = { .mode = mode };
	struct test_thp thp;

	if (!pgtable_supports_uffd())
		kunit_skip(test, "no userfaultfd bit here");
#ifdef UFFDIO_RWPROTECT
	if (mode->rwp) {
		features |= UFFD_FEATURE_RWP;
		how = UFFDIO_REGISTER_MODE_RWP;
	}
#endif
	c.uffd = test_uffd_open(tm, features);
	thp = test_pmd_swap_map(tm);
	if (mode->cached) {
		KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(tm, thp.addr, PMD_SIZE,
							 MADV_WILLNEED));
		if (!test_slots(tm, thp.addr, TEST_PMD_NR).cached)
			kunit_skip(test, "MADV_WILLNEED reads nothing in for a PMD swap entry");
	}
	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_register(&c.uffd, thp.addr, PMD_SIZE, how));
	c.w = watch(tm, swap, thp);
	return c;
}

static int protect(struct caught *c, int first, int nr, bool on)
{
	unsigned long addr = c->w.thp.addr + first * PAGE_SIZE;

#ifdef UFFDIO_RWPROTECT
	if (c->mode->rwp)
		return test_uffd_rwp(&c->uffd, addr, nr * PAGE_SIZE, on);
#endif
	return test_uffd_wp(&c->uffd, addr, nr * PAGE_SIZE, on);
}

/* Whether userfaultfd catches what it ought to catch, page by page. */
static void expect_caught(struct caught *c, int page, bool caught)
{
	struct kunit *test = c->w.tm->test;
	unsigned long addr = c->w.thp.addr + page * PAGE_SIZE;

	KUNIT_EXPECT_EQ_MSG(test, read_byte(c->w.tm, addr),
			    caught && c->mode->rwp ? -EFAULT : 0,
			    "read of page %d", page);
	KUNIT_EXPECT_EQ_MSG(test, write_byte(c->w.tm, c->w.thp, page),
			    caught ? -EFAULT : 0, "write to page %d", page);
}

static void pmd_swap_mprotect_uffd_arm(struct kunit *test)
{
	struct caught c = catch(test);

	KUNIT_ASSERT_FALSE(test, pmd_swp_uffd(c.w.pmd));

	KUNIT_ASSERT_EQ(test, 0, protect(&c, 0, TEST_PMD_NR, true));

	expect_whole(&c.w, pmd_swp_mkuffd(c.w.pmd), 1);
	expect_caught(&c, 0, true);
	expect_caught(&c, TEST_PMD_NR - 1, true);
	/* Caught where it is, as one huge page. */
	KUNIT_EXPECT_TRUE(test, test_is_thp(c.w.tm, c.w.thp.addr));
	KUNIT_EXPECT_TRUE(test, pmd_uffd(test_pmd(c.w.tm, c.w.thp.addr)));
	TEST_EXPECT_RSS(c.w.stat, TEST_PMD_NR, -TEST_PMD_NR);

	KUNIT_ASSERT_EQ(test, 0, protect(&c, 0, TEST_PMD_NR, false));
	expect_caught(&c, 0, false);
	expect_caught(&c, TEST_PMD_NR - 1, false);
	TEST_EXPECT_THP(c.w.tm, c.w.thp);
}

/* Resolved before anybody was caught: nothing is left of it. */
static void pmd_swap_mprotect_uffd_resolve(struct kunit *test)
{
	struct caught c = catch(test);

	KUNIT_ASSERT_EQ(test, 0, protect(&c, 0, TEST_PMD_NR, true));
	KUNIT_ASSERT_TRUE(test, pmd_swp_uffd(test_pmd(c.w.tm, c.w.thp.addr)));

	KUNIT_ASSERT_EQ(test, 0, protect(&c, 0, TEST_PMD_NR, false));

	expect_whole(&c.w, c.w.pmd, 1);
	expect_caught(&c, 0, false);
	KUNIT_EXPECT_TRUE(test, test_is_thp(c.w.tm, c.w.thp.addr));
	KUNIT_EXPECT_FALSE(test, pmd_uffd(test_pmd(c.w.tm, c.w.thp.addr)));
	TEST_EXPECT_THP(c.w.tm, c.w.thp);
}

/* The PTEs of the same entry say the same. */
static void pmd_swap_mprotect_uffd_arm_then_split(struct kunit *test)
{
	struct caught c = catch(test);

	KUNIT_ASSERT_EQ(test, 0, protect(&c, 0, TEST_PMD_NR, true));
	test_pmd_swap_split(c.w.tm, c.w.thp);

	expect_split_only(&c.w);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_count_ptes(c.w.tm, c.w.thp.addr, TEST_PMD_NR).uffd);
	expect_caught(&c, 0, true);
	expect_caught(&c, HALF, true);
}

/* Half of it is armed: the entry is split, and the other half is free. */
static void pmd_swap_mprotect_uffd_arm_half(struct kunit *test)
{
	struct caught c = catch(test);
	unsigned long second = c.w.thp.addr + HALF * PAGE_SIZE;

	KUNIT_ASSERT_EQ(test, 0, protect(&c, HALF, HALF, true));

	expect_split_only(&c.w);
	KUNIT_EXPECT_EQ(test, 0,
			test_count_ptes(c.w.tm, c.w.thp.addr, HALF).uffd);
	KUNIT_EXPECT_EQ(test, HALF, test_count_ptes(c.w.tm, second, HALF).uffd);
	expect_caught(&c, 0, false);
	expect_caught(&c, HALF - 1, false);
	expect_caught(&c, HALF, true);
	expect_caught(&c, TEST_PMD_NR - 1, true);

	KUNIT_ASSERT_EQ(test, 0, protect(&c, HALF, HALF, false));
	TEST_EXPECT_THP(c.w.tm, c.w.thp);
	TEST_EXPECT_RSS(c.w.stat, TEST_PMD_NR, -TEST_PMD_NR);
}

static void pmd_swap_mprotect_uffd_resolve_half(struct kunit *test)
{
	struct caught c = catch(test);
	unsigned long second = c.w.thp.addr + HALF * PAGE_SIZE;

	KUNIT_ASSERT_EQ(test, 0, protect(&c, 0, TEST_PMD_NR, true));
	KUNIT_ASSERT_EQ(test, 0, protect(&c, 0, HALF, false));

	expect_split_only(&c.w);
	KUNIT_EXPECT_EQ(test, 0,
			test_count_ptes(c.w.tm, c.w.thp.addr, HALF).uffd);
	KUNIT_EXPECT_EQ(test, HALF, test_count_ptes(c.w.tm, second, HALF).uffd);
	expect_caught(&c, 0, false);
	expect_caught(&c, HALF - 1, false);
	expect_caught(&c, HALF, true);
	expect_caught(&c, TEST_PMD_NR - 1, true);
}

/* A protection that nobody is registered for would catch for ever. */
static void pmd_swap_mprotect_uffd_unregister(struct kunit *test)
{
	struct caught c = catch(test);

	KUNIT_ASSERT_EQ(test, 0, protect(&c, 0, TEST_PMD_NR, true));
	KUNIT_ASSERT_TRUE(test, pmd_swp_uffd(test_pmd(c.w.tm, c.w.thp.addr)));

	KUNIT_ASSERT_EQ(test, 0, test_uffd_unregister(&c.uffd, c.w.thp.addr,
						      PMD_SIZE));

	expect_whole(&c.w, c.w.pmd, 1);
	expect_caught(&c, 0, false);
	KUNIT_EXPECT_TRUE(test, test_is_thp(c.w.tm, c.w.thp.addr));
	KUNIT_EXPECT_FALSE(test, pmd_uffd(test_pmd(c.w.tm, c.w.thp.addr)));
	TEST_EXPECT_THP(c.w.tm, c.w.thp);
}

static void pmd_swap_mprotect_uffd_unregister_half(struct kunit *test)
{
	struct caught c = catch(test);
	unsigned long second = c.w.thp.addr + HALF * PAGE_SIZE;

	KUNIT_ASSERT_EQ(test, 0, protect(&c, 0, TEST_PMD_NR, true));
	KUNIT_ASSERT_EQ(test, 0, test_uffd_unregister(&c.uffd, c.w.thp.addr,
						      HALF * PAGE_SIZE));

	expect_split_only(&c.w);
	KUNIT_EXPECT_EQ(test, 0,
			test_count_ptes(c.w.tm, c.w.thp.addr, HALF).uffd);
	KUNIT_EXPECT_EQ(test, HALF, test_count_ptes(c.w.tm, second, HALF).uffd);
	expect_caught(&c, 0, false);
	expect_caught(&c, HALF, true);
}

/* mprotect() is not the one to lift it. */
static void pmd_swap_mprotect_uffd_outlives_mprotect(struct kunit *test)
{
	struct caught c = catch(test);

	KUNIT_ASSERT_EQ(test, 0, protect(&c, 0, TEST_PMD_NR, true));
	c.w.pmd = test_pmd(c.w.tm, c.w.thp.addr);
	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(c.w.tm, c.w.thp.addr,
						  PMD_SIZE, PROT_NONE));
	KUNIT_ASSERT_EQ(test, 0, test_mm_mprotect(c.w.tm, c.w.thp.addr,
						  PMD_SIZE, PROT_RW));

	expect_whole(&c.w, c.w.pmd, 1);
	expect_caught(&c, 0, true);
	expect_caught(&c, HALF, true);
	KUNIT_ASSERT_EQ(test, 0, protect(&c, 0, TEST_PMD_NR, false));
	TEST_EXPECT_THP(c.w.tm, c.w.thp);
}

static int pmd_swap_mprotect_init(struct kunit *test)
{
	test_pmd_swap_require(test);
	return 0;
}

static struct kunit_case pmd_swap_mprotect_cases[] = {
	KUNIT_CASE_PARAM(pmd_swap_mprotect_read_only,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_and_back,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_none, test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_shared,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_part, part_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_half_none,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_mprotect_across),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_keeps_flags, flags_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_half_keeps_flags, flags_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_uffd_arm, mode_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_uffd_resolve, mode_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_uffd_arm_then_split,
			 mode_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_uffd_arm_half, mode_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_uffd_resolve_half, mode_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_uffd_unregister, mode_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_uffd_unregister_half,
			 mode_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_mprotect_uffd_outlives_mprotect,
			 mode_gen_params),
	{}
};

static struct kunit_suite pmd_swap_mprotect_suite = {
	.name = "pmd_swap_mprotect",
	.init = pmd_swap_mprotect_init,
	.test_cases = pmd_swap_mprotect_cases,
};

kunit_test_suite(pmd_swap_mprotect_suite);

MODULE_DESCRIPTION("KUnit suite for changes of protection of PMD swap entries");
MODULE_LICENSE("GPL");
