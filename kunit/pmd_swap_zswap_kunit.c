// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "pmd_swap_zswap": PMD swap entries in a kernel that turns zswap
 * on.
 *
 *	tools/testing/kunit/kunit.py run --kconfig_add CONFIG_ZSWAP=y
 *		pmd_swap_zswap
 *
 * zswap stores page by page and loads no large folio: zswap_load() warns about
 * one and fails, so a fault must not even ask for it. That holds from the moment
 * zswap is turned on for the first time until the next boot, also for what was
 * swapped out before. So this suite runs after all others, and its cases are in
 * the order of that one-way street.
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mount.h>
#include <linux/zswap.h>

#include "pmd_swap_helpers.h"

static void set_enabled(struct kunit *test, const char *value)
{
	const char *name = "module/zswap/parameters/enabled";
	struct file_system_type *type = get_fs_type("sysfs");
	enum system_states state = system_state;
	struct vfsmount *mnt;
	struct file *file;
	loff_t pos = 0;
	ssize_t ret;

	KUNIT_ASSERT_NOT_NULL(test, type);
	mnt = kern_mount(type);
	put_filesystem(type);
	KUNIT_ASSERT_FALSE(test, IS_ERR(mnt));
	file = file_open_root_mnt(mnt, name, O_WRONLY, 0);
	ret = PTR_ERR_OR_ZERO(file);
	if (!ret) {
		/* Suites run before it says so, and zswap would wait for it. */
		system_state = SYSTEM_RUNNING;
		ret = kernel_write(file, value, 1, &pos);
		system_state = state;
		__fput_sync(file);
	}
	kern_unmount(mnt);
	KUNIT_ASSERT_EQ_MSG(test, ret, 1, "sysfs %s", name);
}

static void turn_off(void *test)
{
	set_enabled(test, "N");
}

static void turn_on(struct kunit *test)
{
	set_enabled(test, "Y");
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, turn_off, test));
	KUNIT_ASSERT_FALSE(test, zswap_never_enabled());
}

/* Two huge pages, as only one case of a boot sees zswap being turned on. */
static void pmd_swap_zswap_entries_from_before(struct kunit *test)
{
	struct test_thp cached;
	struct pmd_swap s;

	if (!zswap_never_enabled())
		kunit_skip(test, "zswap has been on in this boot already");
	s = pmd_swap_begin(test, DISK_ASYNC);
	pmd_swap_go_out(&s);
	cached = test_thp_map(s.tm);
	test_disk_hold(s.disk, TEST_DISK_WRITES);
	KUNIT_ASSERT_EQ(test, 0, test_pageout(s.tm, cached.addr, TEST_PMD_NR));
	test_disk_release(s.disk);
	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(s.tm, cached.addr));
	KUNIT_ASSERT_EQ(test, test_slots(s.tm, cached.addr, TEST_PMD_NR).cached,
			TEST_PMD_NR);
	test_stat_restart(s.stat);
	turn_on(test);

	fault_until_mapped(s.tm, cached.addr, 0);

	/* Nothing had to be loaded. */
	KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, cached.addr));
	KUNIT_EXPECT_EQ(test, s.disk->reads, 0);
	TEST_EXPECT_RSS(s.stat, TEST_PMD_NR, -TEST_PMD_NR);
	TEST_EXPECT_THP(s.tm, cached);

	kunit_warning_suppress(test) {
		fault_until_mapped(s.tm, s.thp.addr, 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}

	KUNIT_EXPECT_TRUE(test, test_has_pte_table(s.tm, s.thp.addr));
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 2 * TEST_PMD_NR, -2 * TEST_PMD_NR);
}

static void pmd_swap_zswap_swap_out(struct kunit *test)
{
	struct test_disk *disk;
	struct test_swap *swap;
	struct test_stat *stat;
	struct test_thp thp;
	struct test_mm *tm;

	test_thp_require(test);
	disk = test_disk_create(test, DISK_PAGES, DISK_SYNC);
	tm = test_mm_create(test);
	swap = test_swap_on(tm, disk->dev, TEST_SWAP_SLOTS, TEST_SWAP_NO_PRIO);
	thp = test_thp_map(tm);
	stat = test_stat_begin(tm);
	turn_on(test);

	KUNIT_ASSERT_EQ(test, 0, test_pageout(tm, thp.addr, TEST_PMD_NR));

	if (test_has_event("thp_swpout_pmd"))
		TEST_EXPECT_EVENT(stat, "thp_swpout_pmd", 0);
	KUNIT_EXPECT_EQ(test, test_count_ptes(tm, thp.addr, TEST_PMD_NR).swap,
			TEST_PMD_NR);
	TEST_EXPECT_RSS(stat, -TEST_PMD_NR, TEST_PMD_NR);
	TEST_EXPECT_EVENT(stat, "zswpout", TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
	TEST_EXPECT_EVENT(stat, "zswpin", TEST_PMD_NR);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), 0);
}

static struct kunit_case pmd_swap_zswap_cases[] = {
	KUNIT_CASE(pmd_swap_zswap_entries_from_before),
	KUNIT_CASE(pmd_swap_zswap_swap_out),
	{}
};

static struct kunit_suite pmd_swap_zswap_suite = {
	.name = "pmd_swap_zswap",
	.test_cases = pmd_swap_zswap_cases,
};

kunit_test_suite(pmd_swap_zswap_suite);

MODULE_DESCRIPTION("KUnit suite for PMD swap entries and zswap");
MODULE_LICENSE("GPL");
