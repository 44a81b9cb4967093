// SPDX-License-Identifier: GPL-2.0
/*
 * The example of README, "Your own suite": what a suite of yours may look like.
 *
 *	make run SUITE=softleaf_example
 *
 * Copy it, and put other things to do in place of these. What there is to set
 * up and to look at is in fixtures/fixtures.h.
 */
#include <kunit/test.h>

#include "fixtures/fixtures.h"

/* A table feeds a case: a row more is a test more. */
struct layout {
	const char *desc;
	struct test_thp (*map)(struct test_mm *tm);
};

static const struct layout layouts[] = {
	{ "a huge page", test_thp_map },
	{ "small pages", test_small_map },
};

KUNIT_ARRAY_PARAM_DESC(layouts, layouts, desc);

/* Set up, act, look: what goes out to swap comes back as it was. */
static void softleaf_example_pageout_and_back(struct kunit *test)
{
	const struct layout *layout = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_swap_on_ram(tm);
	struct test_thp thp = layout->map(tm);
	struct test_stat *stat = test_stat_begin(tm);

	KUNIT_ASSERT_EQ(test, 0, test_pageout(tm, thp.addr, TEST_PMD_NR));
	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);

	TEST_EXPECT_THP(tm, thp);
	TEST_EXPECT_RSS(stat, 0, 0);
}

/* A second process: it counts the slots once more, until it exits. */
static void softleaf_example_fork(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_swap_on_ram(tm);
	struct test_thp thp = test_thp_map(tm);
	struct test_mm *child;

	KUNIT_ASSERT_EQ(test, 0, test_pageout(tm, thp.addr, TEST_PMD_NR));
	child = test_mm_fork(tm);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 2);
	TEST_EXPECT_THP(child, thp);

	test_mm_exit(child);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
}

static struct kunit_case softleaf_example_cases[] = {
	KUNIT_CASE_PARAM(softleaf_example_pageout_and_back,
			 layouts_gen_params),
	KUNIT_CASE(softleaf_example_fork),
	{}
};

static struct kunit_suite softleaf_example_suite = {
	.name = "softleaf_example",
	.test_cases = softleaf_example_cases,
};

kunit_test_suite(softleaf_example_suite);
