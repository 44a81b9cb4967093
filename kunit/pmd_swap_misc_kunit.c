// SPDX-License-Identifier: GPL-2.0
/*
 * Those who look at memory that is one PMD swap entry, and have no suite of
 * their own: core dumps.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf \
 *		'pmd_swap_misc'
 */
#include <kunit/test.h>

#include <linux/highmem.h>
#include <linux/mm.h>

#include "compat.h"
#include "fixtures/fixtures.h"

/* What a core dump of @tm would write for @addr; NULL leaves a hole. */
static struct page *coredump_page(struct test_mm *tm, unsigned long addr)
{
	struct test_mm *old = test_mm_use(tm);
	struct page *page;
	int locked = 1;

	mmap_read_lock(tm->mm);
	page = get_dump_page(addr, &locked);
	if (locked)
		mmap_read_unlock(tm->mm);
	test_mm_use(old);
	return page;
}

/* A core dump reads the memory back: only what was never touched is a hole. */
static void pmd_swap_misc_coredump(struct kunit *test)
{
	static const int pages[] = { 0, 1, TEST_PMD_NR - 1 };
	struct test_mm *tm = test_mm_create(test);
	u8 *wanted = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	u8 *dumped = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct test_thp thp;
	struct page *page;
	unsigned long addr;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, wanted);
	KUNIT_ASSERT_NOT_NULL(test, dumped);
	test_pmd_swap_on(tm);
	thp = test_thp_map(tm);

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		test_pmd_swap_out(tm, thp);
		addr = thp.addr + pages[i] * PAGE_SIZE;

		page = coredump_page(tm, addr);

		KUNIT_ASSERT_NOT_NULL_MSG(test, page, "page %d is a hole",
					  pages[i]);
		memcpy_from_page(dumped, page, 0, PAGE_SIZE);
		put_page(page);
		KUNIT_ASSERT_EQ(test, 0,
				test_mm_read(tm, wanted, addr, PAGE_SIZE));
		KUNIT_EXPECT_MEMEQ(test, dumped, wanted, PAGE_SIZE);
		TEST_EXPECT_THP(tm, thp);
	}

	addr = test_thp_reserve(tm, 1);
	KUNIT_EXPECT_NULL(test, coredump_page(tm, addr));
}

static int pmd_swap_misc_init(struct kunit *test)
{
	test_pmd_swap_require(test);
	return 0;
}

static struct kunit_case pmd_swap_misc_cases[] = {
	KUNIT_CASE(pmd_swap_misc_coredump),
	{}
};

static struct kunit_suite pmd_swap_misc_suite = {
	.name = "pmd_swap_misc",
	.init = pmd_swap_misc_init,
	.test_cases = pmd_swap_misc_cases,
};

kunit_test_suite(pmd_swap_misc_suite);

MODULE_DESCRIPTION("PMD swap entries: who else looks at them");
MODULE_LICENSE("GPL");
