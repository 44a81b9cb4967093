// SPDX-License-Identifier: GPL-2.0
/*
 * fork() with a PMD swap entry: the child gets one of its own, and a count of
 * each of the slots.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf \
 *		'pmd_swap_fork'
 */
#include <kunit/test.h>

#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/mmzone.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

#include <trace/events/kmem.h>

#include "../../internal.h"
#include "../../swap.h"
#include "../../swap_table.h"

#include "compat.h"
#include "fixtures/fixtures.h"
#include "pmd_swap_helpers.h"

/* Bytes that one page table counts in mm_pgtables_bytes(). */
#define PTE_TABLE_BYTES	((long)(PTRS_PER_PTE * sizeof(pte_t)))

static void expect_only_swap(struct test_mm *tm, long entries)
{
	KUNIT_EXPECT_EQ_MSG(tm->test, get_mm_counter_sum(tm->mm, MM_SWAPENTS),
			    entries, "MM_SWAPENTS");
	KUNIT_EXPECT_EQ_MSG(tm->test, get_mm_counter_sum(tm->mm, MM_ANONPAGES),
			    0L, "MM_ANONPAGES");
}

static void pmd_swap_fork_counts_all_slots(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);
	unsigned int cached = test_slots_from(first, TEST_PMD_NR).cached;
	struct test_mm *child;

	child = test_mm_fork(tm);

	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(child, thp.addr));
	KUNIT_EXPECT_EQ(test, test_softleaf(tm, thp.addr).val, first.val);
	KUNIT_EXPECT_EQ(test, test_softleaf(child, thp.addr).val, first.val);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 2);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, cached,
			test_slots_from(first, TEST_PMD_NR).cached);
	TEST_EXPECT_RSS(stat, 0, 0);
	expect_only_swap(child, TEST_PMD_NR);

	test_mm_exit(child);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 1);
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_THP(tm, thp);
}

#define NR_FAMILY	18

/* Children of children, and more of them than the inline count can hold. */
static void pmd_swap_fork_many(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);
	struct test_mm *mms[NR_FAMILY];
	unsigned int i;

	KUNIT_ASSERT_GT(test, NR_FAMILY, SWP_TB_COUNT_MAX + 1);
	mms[0] = tm;
	for (i = 1; i < NR_FAMILY; i++) {
		mms[i] = test_mm_fork(mms[i - 1]);
		TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, (int)i + 1);
		expect_only_swap(mms[i], TEST_PMD_NR);
	}
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	while (--i) {
		test_mm_exit(mms[i]);
		TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, (int)i);
	}
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	TEST_EXPECT_THP(tm, thp);
}

static void pmd_swap_fork_clears_exclusive(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp kept, forked;
	struct test_mm *child;

	test_pmd_swap_on(tm);
	kept = test_pmd_swap_map(tm);
	forked = test_pmd_swap_map(tm);
	/* The child gets nothing of this one, so that it stays exclusive. */
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, kept.addr, PMD_SIZE,
					MADV_DONTFORK));
	child = test_mm_fork(tm);

	/* How a PMD says exclusive is its own affair; a PTE's is known. */
	test_pmd_swap_split(tm, forked);
	test_pmd_swap_split(child, forked);
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_mprotect(tm, kept.addr, PAGE_SIZE, PROT_READ));

	KUNIT_EXPECT_EQ(test, 0,
			test_count_ptes(tm, forked.addr, TEST_PMD_NR).exclusive);
	KUNIT_EXPECT_EQ(test, 0,
			test_count_ptes(child, forked.addr, TEST_PMD_NR).exclusive);
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_count_ptes(tm, kept.addr, TEST_PMD_NR).exclusive);
	TEST_EXPECT_THP(child, forked);
	TEST_EXPECT_THP(tm, forked);
	TEST_EXPECT_THP(tm, kept);
}

/* The same for an entry that is shared already: nothing left to clear. */
static void pmd_swap_fork_again_stays_shared(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_mm *child, *second;
	struct test_thp thp;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	child = test_mm_fork(tm);
	test_mm_exit(child);
	second = test_mm_fork(tm);

	test_pmd_swap_split(tm, thp);
	test_pmd_swap_split(second, thp);
	KUNIT_EXPECT_EQ(test, 0,
			test_count_ptes(tm, thp.addr, TEST_PMD_NR).exclusive);
	KUNIT_EXPECT_EQ(test, 0,
			test_count_ptes(second, thp.addr, TEST_PMD_NR).exclusive);
}

struct soft_dirty {
	const char *name;
	bool dirty;
};

static const struct soft_dirty soft_dirty_rows[] = {
	{ "soft-dirty", true },
	{ "clean", false },
};

KUNIT_ARRAY_PARAM_DESC(soft_dirty, soft_dirty_rows, name);

static void pmd_swap_fork_keeps_soft_dirty(struct kunit *test)
{
	const struct soft_dirty *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_mm *child;
	struct test_thp thp;

	if (!pgtable_supports_soft_dirty())
		kunit_skip(test, "no soft-dirty bit here");
	test_pmd_swap_on(tm);
	thp = test_thp_map(tm);
	if (!row->dirty)
		KUNIT_ASSERT_EQ(test, 0,
				test_clear_refs(tm, TEST_CLEAR_REFS_SOFT_DIRTY));
	test_pmd_swap_out(tm, thp);
	KUNIT_ASSERT_EQ(test, !!pmd_swp_soft_dirty(test_pmd(tm, thp.addr)),
			row->dirty);

	child = test_mm_fork(tm);

	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(child, thp.addr));
	KUNIT_EXPECT_EQ(test, !!pmd_swp_soft_dirty(test_pmd(tm, thp.addr)),
			row->dirty);
	KUNIT_EXPECT_EQ(test, !!pmd_swp_soft_dirty(test_pmd(child, thp.addr)),
			row->dirty);
	TEST_EXPECT_THP(child, thp);
}

/**
 * struct monitor - a task that reads the fork event of a userfaultfd
 * @uffd: the userfaultfd
 * @child: the child's userfaultfd, once the event was there
 *
 * fork() waits until the event is read.
 */
struct monitor {
	struct file *uffd;
	struct file *child;
};

static int monitor_read(void *data)
{
	struct monitor *monitor = data;

	while (!kthread_should_stop()) {
		struct uffd_msg msg;
		loff_t pos = 0;

		if (kernel_read(monitor->uffd, &msg, sizeof(msg), &pos) ==
		    sizeof(msg) && msg.event == UFFD_EVENT_FORK) {
			monitor->child = fget(msg.arg.fork.ufd);
			close_fd(msg.arg.fork.ufd);
		}
		schedule_timeout_interruptible(1);
	}
	return 0;
}

static void close_child(void *file)
{
	fput(file);
}

static struct test_mm *fork_monitored(struct test_mm *tm, struct test_uffd *uffd)
{
	struct monitor monitor = { .uffd = uffd->file };
	struct test_mm *child = NULL;
	struct task_struct *task;
	int ret;

	spin_lock(&uffd->file->f_lock);
	uffd->file->f_flags |= O_NONBLOCK;
	spin_unlock(&uffd->file->f_lock);
	task = kthread_run(monitor_read, &monitor, "uffd-monitor");
	KUNIT_ASSERT_FALSE(tm->test, IS_ERR(task));
	ret = test_mm_try_fork(tm, &child);
	kthread_stop(task);
	KUNIT_ASSERT_EQ_MSG(tm->test, ret, 0, "fork");
	KUNIT_ASSERT_NOT_NULL(tm->test, monitor.child);
	KUNIT_ASSERT_EQ(tm->test, 0,
			kunit_add_action_or_reset(tm->test, close_child,
						  monitor.child));
	return child;
}

struct uffd_row {
	const char *name;
	bool rwp;
	bool armed;
	bool follows;
};

/* A userfaultfd follows the child only if it asked for fork events. */
static const struct uffd_row uffd_rows[] = {
	{ "armed, child not protected", false, true, false },
	{ "armed, child protected", false, true, true },
	{ "not armed, child protected", false, false, true },
#ifdef UFFDIO_RWPROTECT
	{ "armed for RWP, child not protected", true, true, false },
	{ "armed for RWP, child protected", true, true, true },
#endif
};

KUNIT_ARRAY_PARAM_DESC(uffd, uffd_rows, name);

static int protect(const struct uffd_row *row, struct test_uffd *uffd,
		   struct test_thp thp, bool on)
{
#ifdef UFFDIO_RWPROTECT
	if (row->rwp)
		return test_uffd_rwp(uffd, thp.addr, PMD_SIZE, on);
#endif
	return test_uffd_wp(uffd, thp.addr, PMD_SIZE, on);
}

static struct test_uffd open_uffd(struct test_mm *tm, const struct uffd_row *row,
				  struct test_thp thp)
{
	u64 features = row->follows ? UFFD_FEATURE_EVENT_FORK : 0;
	u64 mode = UFFDIO_REGISTER_MODE_WP;
	struct test_uffd uffd;

#ifdef UFFDIO_RWPROTECT
	if (row->rwp) {
		features |= UFFD_FEATURE_RWP;
		mode = UFFDIO_REGISTER_MODE_RWP;
	}
#endif
	/* Nobody answers a fault that is caught. */
	uffd = test_uffd_open(tm, features | UFFD_FEATURE_SIGBUS);
	KUNIT_ASSERT_EQ(tm->test, 0,
			test_uffd_register(&uffd, thp.addr, PMD_SIZE, mode));
	return uffd;
}

static void pmd_swap_fork_uffd(struct kunit *test)
{
	const struct uffd_row *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_mm *child;
	struct test_uffd uffd;
	struct test_thp thp;

	if (!pgtable_supports_uffd())
		kunit_skip(test, "no userfaultfd bit here");
	test_pmd_swap_on(tm);
	thp = test_thp_map(tm);
	uffd = open_uffd(tm, row, thp);
	if (row->armed)
		KUNIT_ASSERT_EQ(test, 0, protect(row, &uffd, thp, true));
	test_pmd_swap_out(tm, thp);
	KUNIT_ASSERT_EQ(test, !!pmd_swp_uffd(test_pmd(tm, thp.addr)),
			row->armed);

	child = row->follows ? fork_monitored(tm, &uffd) : test_mm_fork(tm);

	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(child, thp.addr));
	KUNIT_EXPECT_EQ(test, !!pmd_swp_uffd(test_pmd(tm, thp.addr)),
			row->armed);
	KUNIT_EXPECT_EQ(test, !!pmd_swp_uffd(test_pmd(child, thp.addr)),
			row->armed && row->follows);
	/* Unprotected, the child may do what it wants with it. */
	if (!row->follows) {
		TEST_EXPECT_THP(child, thp);
		KUNIT_EXPECT_EQ(test, 0,
				test_mm_write(child, thp.addr, &thp, sizeof(thp)));
	}
	KUNIT_ASSERT_EQ(test, 0, protect(row, &uffd, thp, false));
	TEST_EXPECT_THP(tm, thp);
}

static void pmd_swap_fork_makes_a_deposit(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_stat *stat;
	struct test_mm *child;
	struct test_thp thp;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	if (test_deposits(tm, thp.addr) == -EOPNOTSUPP)
		kunit_skip(test, "this architecture keeps deposits in a way of its own");
	stat = test_stat_begin(tm);

	child = test_mm_fork(tm);

	KUNIT_EXPECT_EQ(test, test_deposits(tm, thp.addr), 1);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	KUNIT_EXPECT_EQ(test, test_deposits(child, thp.addr), 1);
	/* It is counted: what the child has without it is a table less. */
	stat = test_stat_begin(child);
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(child, thp.addr, PMD_SIZE,
					MADV_DONTNEED));
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), -PTE_TABLE_BYTES);
	KUNIT_EXPECT_EQ(test, test_deposits(child, thp.addr), 0);
}

/* How often swapoff() would come by an mm. */
static int times_on_mmlist(struct test_mm *tm)
{
	struct list_head *p;
	int times = 0;

	spin_lock(&mmlist_lock);
	list_for_each(p, &init_mm.mmlist)
		times += p == &tm->mm->mmlist;
	spin_unlock(&mmlist_lock);
	return times;
}

static void pmd_swap_fork_puts_the_child_on_the_mmlist(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_mm *child, *grandchild;

	test_pmd_swap_on(tm);
	/* Two entries, and each of them asks for it. */
	test_pmd_swap_map(tm);
	test_pmd_swap_map(tm);
	KUNIT_EXPECT_EQ(test, times_on_mmlist(tm), 1);

	child = test_mm_fork(tm);
	KUNIT_EXPECT_EQ(test, times_on_mmlist(child), 1);

	grandchild = test_mm_fork(child);
	KUNIT_EXPECT_EQ(test, times_on_mmlist(grandchild), 1);
	KUNIT_EXPECT_EQ(test, times_on_mmlist(child), 1);
	KUNIT_EXPECT_EQ(test, times_on_mmlist(tm), 1);
}

/* Writes new contents in @writer; @reader has to see the old ones all along. */
static void write_and_read(struct test_mm *writer, struct test_mm *reader,
			   struct test_thp thp)
{
	struct kunit *test = writer->test;
	struct test_thp written = {
		.addr = thp.addr,
		.seed = test_pattern_new_seed(),
	};

	KUNIT_ASSERT_EQ(test, 0,
			test_pattern_fill(writer, thp.addr, TEST_PMD_NR,
					  written.seed, 0));
	TEST_EXPECT_THP(writer, written);
	KUNIT_EXPECT_EQ_MSG(test, get_mm_counter_sum(writer->mm, MM_ANONPAGES),
			    (long)TEST_PMD_NR, "MM_ANONPAGES of the writer");
	KUNIT_EXPECT_EQ_MSG(test, get_mm_counter_sum(writer->mm, MM_SWAPENTS),
			    0L, "MM_SWAPENTS of the writer");
	/* All that the writer did is to let go of the slots. */
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(reader, thp.addr));
	TEST_EXPECT_SLOTS(reader, thp.addr, TEST_PMD_NR, 1);
	expect_only_swap(reader, TEST_PMD_NR);

	TEST_EXPECT_THP(reader, thp);
	TEST_EXPECT_THP(writer, written);
	KUNIT_EXPECT_EQ_MSG(test, get_mm_counter_sum(reader->mm, MM_ANONPAGES),
			    (long)TEST_PMD_NR, "MM_ANONPAGES of the reader");
}

static void pmd_swap_fork_parent_writes_child_reads(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	write_and_read(tm, test_mm_fork(tm), thp);
}

static void pmd_swap_fork_child_writes_parent_reads(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	write_and_read(test_mm_fork(tm), tm, thp);
}

struct left_out {
	const char *name;
	int advice;
	bool mapped;
};

static const struct left_out left_out_rows[] = {
	{ "MADV_DONTFORK", MADV_DONTFORK, false },
	{ "MADV_WIPEONFORK", MADV_WIPEONFORK, true },
};

KUNIT_ARRAY_PARAM_DESC(left_out, left_out_rows, name);

/* What the child does not get takes no count. */
static void pmd_swap_fork_leaves_out(struct kunit *test)
{
	const struct left_out *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_mm *child;
	struct test_thp thp;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	KUNIT_ASSERT_EQ(test, 0,
			test_mm_madvise(tm, thp.addr, PMD_SIZE, row->advice));

	child = test_mm_fork(tm);

	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
	KUNIT_EXPECT_TRUE(test, pmd_none(test_pmd(child, thp.addr)));
	expect_only_swap(child, 0);
	if (row->mapped)
		TEST_EXPECT_ZERO(child, thp.addr, TEST_PMD_NR);
	TEST_EXPECT_THP(tm, thp);
}

/* Children that hold one slot, and of it as many counts as fit inline. */
static void fill_count(struct test_mm *tm, struct test_thp thp, unsigned int page)
{
	struct kunit *test = tm->test;
	softleaf_t first = test_softleaf(tm, thp.addr);
	softleaf_t entry = { first.val + page };
	unsigned long addr = thp.addr + page * PAGE_SIZE;
	unsigned long next = addr + PAGE_SIZE;
	unsigned long end = thp.addr + PMD_SIZE;
	unsigned int i;

	for (i = 1; i < SWP_TB_COUNT_MAX - 1; i++) {
		struct test_mm *child = test_mm_fork(tm);

		if (page)
			KUNIT_ASSERT_EQ(test, 0,
					test_mm_munmap(child, thp.addr,
						       addr - thp.addr));
		if (next < end)
			KUNIT_ASSERT_EQ(test, 0,
					test_mm_munmap(child, next, end - next));
	}
	KUNIT_ASSERT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	KUNIT_ASSERT_EQ(test, test_slot_count(entry), SWP_TB_COUNT_MAX - 1);
}

/* Counts as fill_count() left them, with @more on each. */
static void expect_filled(struct test_mm *tm, struct test_thp thp,
			  unsigned int page, int more)
{
	softleaf_t first = test_softleaf(tm, thp.addr);
	softleaf_t entry = { first.val + page };
	softleaf_t after = { first.val + page + 1 };

	if (page)
		TEST_EXPECT_COUNT(tm->test, first, page, 1 + more);
	KUNIT_EXPECT_EQ(tm->test, test_slot_count(entry),
			SWP_TB_COUNT_MAX - 1 + more);
	if (page < TEST_PMD_NR - 1)
		TEST_EXPECT_COUNT(tm->test, after, TEST_PMD_NR - 1 - page,
				  1 + more);
}

/* Each CPU counts for itself, and adds it up now and then. */
static long page_tables_on_cpus(void)
{
	long pages = 0;
#ifdef CONFIG_SMP
	struct per_cpu_nodestat *stat;
	struct pglist_data *node;
	int cpu;

	for_each_online_pgdat(node) {
		for_each_online_cpu(cpu) {
			stat = per_cpu_ptr(node->per_cpu_nodestats, cpu);
			pages += stat->vm_node_stat_diff[NR_PAGETABLE];
		}
	}
#endif
	return pages;
}

/* What page_tables() has each CPU take for the one that ran last. */
static struct mm_struct *last_mm;

static void take_last_mm(struct work_struct *work)
{
	kthread_use_mm(last_mm);
	kthread_unuse_mm(last_mm);
}

/*
 * Page tables of the whole system, in pages. A CPU keeps the address space that
 * ran last on it, with its PGD, until another one comes (lazy TLB), and so one
 * that has been let go of before.
 */
static unsigned long page_tables(struct test_mm *tm)
{
	test_mm_exit(test_mm_fork(tm));
	last_mm = tm->mm;
	KUNIT_ASSERT_EQ(tm->test, 0, schedule_on_each_cpu(take_last_mm));
	/* What others might look at is freed by RCU. */
	rcu_barrier();
	return global_node_page_state(NR_PAGETABLE) + page_tables_on_cpus();
}

/*
 * Whether a fork that fails leaves no page table behind. Where there are other
 * CPUs the kernel may take one for itself meanwhile, for a stack that begins a new
 * piece of the vmalloc area say, or have a CPU's count added up while we look: that
 * happens once, and a leak each time.
 */
static bool leaves_no_page_table(struct test_mm *tm,
				 int (*try_fork)(struct test_mm *tm, void *arg),
				 void *arg)
{
	unsigned int attempts = num_online_cpus() > 1 ? 4 : 1;

	while (attempts--) {
		unsigned long tables = page_tables(tm);

		if (!try_fork(tm, arg) || page_tables(tm) <= tables)
			return true;
	}
	return false;
}

struct overflow {
	const char *name;
	unsigned int page;
};

static const struct overflow overflow_rows[] = {
	{ "first slot", 0 },
	{ "second slot", 1 },
	{ "slot in the middle", HPAGE_PMD_NR / 2 },
	{ "last slot", HPAGE_PMD_NR - 1 },
};

KUNIT_ARRAY_PARAM_DESC(overflow, overflow_rows, name);

/* The table for large counts is there when it is asked for. */
static void pmd_swap_fork_overflow(struct kunit *test)
{
	const struct overflow *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_mm *child;
	struct test_thp thp;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	fill_count(tm, thp, row->page);

	child = test_mm_fork(tm);

	expect_filled(tm, thp, row->page, 1);
	expect_only_swap(child, TEST_PMD_NR);
	test_mm_exit(child);
	expect_filled(tm, thp, row->page, 0);
}

/* It is not: the slots before have to be put back, and taken once again. */
static void pmd_swap_fork_overflow_retried(struct kunit *test)
{
	const struct overflow *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_mm *child = NULL;
	struct test_inject *inject;
	struct test_thp thp;
	int ret;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	fill_count(tm, thp, row->page);

	inject = test_inject_begin(tm, TEST_INJECT_SLAB, "copy_page_range", 0, 1);
	ret = test_mm_try_fork(tm, &child);
	KUNIT_EXPECT_EQ_MSG(test, test_inject_end(inject), 1,
			    "failed allocations");

	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(child, thp.addr));
	expect_filled(tm, thp, row->page, 1);
	expect_only_swap(child, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_deposits(child, thp.addr), 1);
	TEST_EXPECT_THP(child, thp);
	test_mm_exit(child);
	expect_filled(tm, thp, row->page, 0);
}

#ifdef CONFIG_TRACEPOINTS
/**
 * struct splitter - splits a PMD swap entry when fork() has let go of its locks
 * @forker: the task that forks
 * @tm: the address space
 * @addr: user address
 * @calls: how often it has done so
 */
struct splitter {
	struct task_struct *forker;
	struct test_mm *tm;
	unsigned long addr;
	unsigned int calls;
};

/* The first allocation that may sleep after the one that failed. */
static void split_on_kmalloc(void *data, unsigned long call_site,
			     const void *ptr, size_t bytes_req,
			     size_t bytes_alloc, gfp_t gfp, int node)
{
	struct splitter *splitter = data;

	if (current != splitter->forker || splitter->calls ||
	    !gfpflags_allow_blocking(gfp) ||
	    bytes_req != SWAPFILE_CLUSTER * sizeof_field(struct swap_cluster_info, extend_table[0]))
		return;
	splitter->calls++;
	split_huge_pmd_address(vma_lookup(splitter->tm->mm, splitter->addr),
			       splitter->addr, false);
}

static void splitter_stop(struct splitter *splitter)
{
	unregister_trace_kmalloc(split_on_kmalloc, splitter);
	tracepoint_synchronize_unregister();
}

/*
 * Nobody can do so today, fork() holds the mmap lock and rmap does not lead to
 * a swap entry; but the lock that protects a PMD was let go of.
 */
static void pmd_swap_fork_overflow_retry_sees_a_split(struct kunit *test)
{
	const struct overflow *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_mm *child = NULL;
	struct splitter splitter = { .forker = current, .tm = tm };
	struct test_inject *inject;
	struct test_thp thp;
	int ret;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	fill_count(tm, thp, row->page);

	splitter.addr = thp.addr;
	inject = test_inject_begin(tm, TEST_INJECT_SLAB, "copy_page_range", 0, 1);
	KUNIT_ASSERT_EQ(test, 0,
			register_trace_kmalloc(split_on_kmalloc, &splitter));
	ret = test_mm_try_fork(tm, &child);
	splitter_stop(&splitter);
	KUNIT_EXPECT_EQ(test, test_inject_end(inject), 1);
	KUNIT_ASSERT_EQ(test, splitter.calls, 1);

	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_TRUE(test, test_has_pte_table(tm, thp.addr));
	KUNIT_EXPECT_TRUE(test, test_has_pte_table(child, thp.addr));
	expect_filled(tm, thp, row->page, 1);
	expect_only_swap(child, TEST_PMD_NR);
	KUNIT_EXPECT_EQ(test, test_deposits(child, thp.addr), 0);
	TEST_EXPECT_THP(child, thp);
	test_mm_exit(child);
	expect_filled(tm, thp, row->page, 0);
}
#else
static void pmd_swap_fork_overflow_retry_sees_a_split(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_TRACEPOINTS to do something at the right moment");
}
#endif

static int fork_without_counts(struct test_mm *tm, void *arg)
{
	struct test_inject *inject;
	struct test_mm *child;
	int ret;

	inject = test_inject_begin(tm, TEST_INJECT_SLAB, "copy_page_range", 0,
				   TEST_INJECT_ALWAYS);
	ret = test_mm_try_fork(tm, &child);
	/* At once, and then without the locks. */
	KUNIT_EXPECT_EQ_MSG(tm->test, test_inject_end(inject), 2,
			    "failed allocations");
	KUNIT_EXPECT_EQ(tm->test, ret, -ENOMEM);
	return ret;
}

/* Nor when fork() may wait for it. */
static void pmd_swap_fork_overflow_fails(struct kunit *test)
{
	const struct overflow *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_mm *child;
	struct test_stat *stat;
	struct test_thp thp;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	fill_count(tm, thp, row->page);
	stat = test_stat_begin(tm);

	KUNIT_EXPECT_TRUE(test, leaves_no_page_table(tm, fork_without_counts,
						     NULL));
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	expect_filled(tm, thp, row->page, 0);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	KUNIT_EXPECT_EQ(test, test_deposits(tm, thp.addr), 1);

	/* No harm done: the next one works. */
	child = test_mm_fork(tm);
	expect_filled(tm, thp, row->page, 1);
	TEST_EXPECT_THP(child, thp);
}

/* The same with PTEs, of which each is copied alone. */
static void pmd_swap_fork_overflow_retried_split(struct kunit *test)
{
	const struct overflow *row = test->param_value;
	struct test_mm *tm = test_mm_create(test);
	struct test_mm *child = NULL;
	struct test_inject *inject;
	struct test_thp thp;
	int ret;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	fill_count(tm, thp, row->page);
	test_pmd_swap_split(tm, thp);
	/* Or the child would get the half of it. */
	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(tm, thp.addr, PMD_SIZE,
						 MADV_DOFORK));

	inject = test_inject_begin(tm, TEST_INJECT_SLAB, "copy_page_range", 0, 1);
	ret = test_mm_try_fork(tm, &child);
	KUNIT_EXPECT_EQ_MSG(test, test_inject_end(inject), 1,
			    "failed allocations");

	KUNIT_ASSERT_EQ(test, ret, 0);
	expect_filled(tm, thp, row->page, 1);
	expect_only_swap(child, TEST_PMD_NR);
	TEST_EXPECT_THP(child, thp);
	test_mm_exit(child);
	expect_filled(tm, thp, row->page, 0);
}

struct lost_row {
	const char *name;
	unsigned int page;
	bool bad;
};

static const struct lost_row lost_rows[] = {
	{ "first slot has no count", 0, false },
	{ "second slot has no count", 1, false },
	{ "slot in the middle has no count", HPAGE_PMD_NR / 2, false },
	{ "last slot has no count", HPAGE_PMD_NR - 1, false },
	{ "first slot is bad", 0, true },
	{ "last slot is bad", HPAGE_PMD_NR - 1, true },
};

KUNIT_ARRAY_PARAM_DESC(lost, lost_rows, name);

/* Seconds after which a fork() that has not ended is told to be without end. */
#define LOST_SLOT_PATIENCE	60

/**
 * struct lost_slot - a slot that its owner's entry no longer fits
 * @swap: its area
 * @entry: the slot
 * @bad: it is to be bad, else it has no count
 * @swp_tb: what the swap table had for it
 * @found: puts that back
 */
struct lost_slot {
	struct test_swap *swap;
	softleaf_t entry;
	bool bad;
	unsigned long swp_tb;
	struct delayed_work found;
};

static unsigned long slot_set(struct lost_slot *slot, unsigned long swp_tb)
{
	struct swap_cluster_info *ci;
	unsigned long old;

	ci = swap_cluster_lock(slot->swap->si, swp_offset(slot->entry));
	old = __swap_table_xchg(ci, swp_cluster_offset(slot->entry), swp_tb);
	swap_cluster_unlock(ci);
	return old;
}

/* Ends a fork() that goes on trying for as long as the slot is lost. */
static void slot_find(struct work_struct *work)
{
	struct lost_slot *slot = container_of(to_delayed_work(work),
					      struct lost_slot, found);

	slot_set(slot, slot->swp_tb);
}

static void slot_stop_looking(void *slot)
{
	cancel_delayed_work_sync(&((struct lost_slot *)slot)->found);
}

static struct lost_slot *lost_slot_create(struct test_mm *tm,
					  struct test_swap *swap,
					  struct test_thp thp)
{
	const struct lost_row *row = tm->test->param_value;
	struct lost_slot *slot = kunit_kzalloc(tm->test, sizeof(*slot),
					       GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(tm->test, slot);
	slot->swap = swap;
	slot->entry.val = test_softleaf(tm, thp.addr).val + row->page;
	slot->bad = row->bad;
	INIT_DELAYED_WORK(&slot->found, slot_find);
	KUNIT_ASSERT_EQ(tm->test, 0,
			kunit_add_action_or_reset(tm->test, slot_stop_looking,
						  slot));
	return slot;
}

static int fork_with_lost_slot(struct test_mm *tm, void *arg)
{
	struct lost_slot *slot = arg;
	struct test_mm *child = NULL;
	int ret = 0;

	slot->swp_tb = slot_set(slot, SWP_TB_BAD);
	if (!slot->bad)
		slot_set(slot, __swp_tb_mk_count(slot->swp_tb, 0));
	schedule_delayed_work(&slot->found, LOST_SLOT_PATIENCE * HZ);
	/* Once in the life of a kernel, or not at all any more. */
	kunit_warning_suppress(tm->test)
		ret = test_mm_try_fork(tm, &child);
	if (cancel_delayed_work_sync(&slot->found))
		slot_set(slot, slot->swp_tb);
	else
		KUNIT_FAIL(tm->test, "fork() repeats for as long as the slot is lost");
	KUNIT_EXPECT_EQ(tm->test, ret, -ENOMEM);
	if (child)
		test_mm_exit(child);
	return ret;
}

/* A slot that has lost its count cannot be shared, and more memory is no help. */
static void pmd_swap_fork_lost_slot(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);
	struct lost_slot *slot = lost_slot_create(tm, swap, thp);
	struct test_stat *stat = test_stat_begin(tm);

	KUNIT_EXPECT_TRUE(test, leaves_no_page_table(tm, fork_with_lost_slot,
						     slot));
	KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 1);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	TEST_EXPECT_THP(tm, thp);
}

/* The same with PTEs, of which those before it have been copied. */
static void pmd_swap_fork_lost_slot_split(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	softleaf_t first = test_softleaf(tm, thp.addr);
	struct lost_slot *slot = lost_slot_create(tm, swap, thp);
	struct test_stat *stat;

	test_pmd_swap_split(tm, thp);
	/* Or the child would get the half of it. */
	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(tm, thp.addr, PMD_SIZE,
						 MADV_DOFORK));
	stat = test_stat_begin(tm);

	KUNIT_EXPECT_TRUE(test, leaves_no_page_table(tm, fork_with_lost_slot,
						     slot));
	KUNIT_EXPECT_EQ(test, TEST_PMD_NR,
			test_count_ptes(tm, thp.addr, TEST_PMD_NR).swap);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR, 1);
	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	TEST_EXPECT_THP(tm, thp);
}

struct starved_fork {
	unsigned int skip;	/* page tables that it gets */
	unsigned int hits;	/* and how often it got none */
	struct test_mm *child;
};

static int fork_without_page_tables(struct test_mm *tm, void *arg)
{
	struct starved_fork *starved = arg;
	struct test_inject *inject;
	int ret;

	inject = test_inject_begin(tm, TEST_INJECT_PAGES, "copy_page_range",
				   starved->skip, TEST_INJECT_ALWAYS);
	ret = test_mm_try_fork(tm, &starved->child);
	starved->hits = test_inject_end(inject);
	KUNIT_ASSERT_EQ_MSG(tm->test, ret, starved->hits ? -ENOMEM : 0,
			    "page table %u", starved->skip);
	return ret;
}

/* Each page table that the child needs, the deposit last, is not to be had. */
static void pmd_swap_fork_without_page_tables(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_swap *swap = test_pmd_swap_on(tm);
	struct test_thp thp = test_pmd_swap_map(tm);
	struct test_stat *stat = test_stat_begin(tm);
	struct starved_fork starved = {};

	for (; starved.skip < 8; starved.skip++) {
		KUNIT_EXPECT_TRUE_MSG(test,
				      leaves_no_page_table(tm, fork_without_page_tables, &starved),
				      "page table %u", starved.skip);
		if (!starved.hits)
			break;
		KUNIT_EXPECT_TRUE(test, test_is_pmd_swap(tm, thp.addr));
		TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 1);
		TEST_EXPECT_RSS(stat, 0, 0);
	}
	/* A PMD table and the deposit at least. */
	KUNIT_EXPECT_GE(test, starved.skip, 2);
	KUNIT_ASSERT_NOT_NULL(test, starved.child);
	TEST_EXPECT_SLOTS(tm, thp.addr, TEST_PMD_NR, 2);
	KUNIT_EXPECT_EQ(test, test_swap_used(swap), TEST_PMD_NR);
	TEST_EXPECT_THP(starved.child, thp);
}

static struct kunit_case pmd_swap_fork_cases[] = {
	KUNIT_CASE_PARAM(pmd_swap_fork_counts_all_slots,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE(pmd_swap_fork_many),
	KUNIT_CASE(pmd_swap_fork_clears_exclusive),
	KUNIT_CASE(pmd_swap_fork_again_stays_shared),
	KUNIT_CASE_PARAM(pmd_swap_fork_keeps_soft_dirty, soft_dirty_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_fork_uffd, uffd_gen_params),
	KUNIT_CASE(pmd_swap_fork_makes_a_deposit),
	KUNIT_CASE(pmd_swap_fork_puts_the_child_on_the_mmlist),
	KUNIT_CASE_PARAM(pmd_swap_fork_parent_writes_child_reads,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_fork_child_writes_parent_reads,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_fork_leaves_out, left_out_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_fork_overflow, overflow_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_fork_overflow_retried, overflow_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_fork_overflow_retry_sees_a_split,
			 overflow_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_fork_overflow_fails, overflow_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_fork_overflow_retried_split,
			 overflow_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_fork_lost_slot, lost_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_fork_lost_slot_split, lost_gen_params),
	KUNIT_CASE(pmd_swap_fork_without_page_tables),
	{}
};

static struct kunit_suite pmd_swap_fork_suite = {
	.name = "pmd_swap_fork",
	.test_cases = pmd_swap_fork_cases,
};

kunit_test_suite(pmd_swap_fork_suite);
