// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "pmd_swap_tasks": several tasks, and a swap area that comes and goes.
 *
 *	tools/testing/kunit/kunit.py run pmd_swap_tasks
 *	... --kernel_args=pmd_swap_tasks_kunit.seed=<seed>	other decisions
 *	... --kernel_args=pmd_swap_tasks_kunit.steps=<n>	for longer
 *
 * Each of a few tasks has a huge page of one address space to itself: it reads
 * and writes it, pages it out, zaps, unmaps, protects and moves it, and touches,
 * zaps and pages out those of the others. Meanwhile the case forks, lets children
 * exit, makes the device slow, and turns swap off and on.
 *
 * The case says whose turn it is. A task that waits in the middle of its step,
 * for a lock or for the device, stays there while others go on. With UML's one
 * processor and no preemption the sequence follows from the seed alone, unless
 * a timer interrupt comes in between.
 *
 * In the end nothing is left: no page, no swap entry, no slot, no page table.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "fixtures/thread.h"
#include "pmd_swap_helpers.h"

#define NR_WORKERS	3
#define NR_CHILDREN	2
#define SWAP_SLOTS	((NR_WORKERS * (NR_CHILDREN + 1) + 4) * TEST_PMD_NR)
/* Times that swap is turned off and on, unless the tasks are done before. */
#define MAX_ROUNDS	100

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the decisions, 0 for a new one each time");

static unsigned int steps = 120;
module_param(steps, uint, 0444);
MODULE_PARM_DESC(steps, "Number of steps of each task");

/**
 * struct worker - a task, and the huge page it has to itself
 * @run: the case
 * @rnd: where its decisions come from
 * @home: the addresses the huge page can be at
 * @at: which of them it is at
 * @model: pattern seed of each page, 0 for a page of zeroes
 * @seeds: all seeds so far, for what a child may have
 * @nr_seeds: how many
 * @buf: a page
 * @step: number of the step
 * @task: the task
 * @turn: it is its turn
 * @idle: it waits for that, and for nothing else; who takes that, see take(),
 *	has the huge page to itself meanwhile
 * @done: the task is over
 */
struct worker {
	struct run *run;
	struct rnd_state rnd;
	unsigned long home[2];
	unsigned int at;
	u32 model[HPAGE_PMD_NR];
	u32 *seeds;
	unsigned int nr_seeds;
	u64 *buf;
	unsigned int step;
	struct task_struct *task;
	struct completion turn;
	bool idle;
	struct completion done;
};

/**
 * struct run - the tasks, and what they have in common
 * @test: the case
 * @disk: the device of the swap area
 * @swap: the area that is on, or NULL
 * @tm: the address space of the tasks
 * @child: children of it, or NULL
 * @child_mm: their address spaces, kept to look at after their end
 * @child_seeds: how many seeds each task had used when the child was made
 * @worker: the tasks
 * @rnd: where the decisions of the case come from
 * @seed: what all were seeded with
 * @held: the device is slow
 * @failed: a task has found something wrong: all stop
 */
struct run {
	struct kunit *test;
	struct test_disk *disk;
	struct test_swap *swap;
	struct test_mm *tm;
	struct test_mm *child[NR_CHILDREN];
	struct mm_struct *child_mm[NR_CHILDREN];
	unsigned int child_seeds[NR_CHILDREN][NR_WORKERS];
	struct worker worker[NR_WORKERS];
	struct rnd_state rnd;
	u32 seed;
	bool held;
	bool failed;
};

static unsigned int below(struct rnd_state *rnd, unsigned int ceil)
{
	return prandom_u32_state(rnd) % ceil;
}

/* From any task; a KUNIT_ASSERT would end another kthread than the case's. */
#define CHECK(w, condition, fmt, ...)					\
do {									\
	struct worker *__w = (w);					\
	struct run *__run = __w->run;					\
									\
	if (!(condition) && !__run->failed) {				\
		__run->failed = true;					\
		KUNIT_FAIL(__run->test, "seed %u task %d step %u: " fmt,\
			   __run->seed, (int)(__w - __run->worker),	\
			   __w->step, ##__VA_ARGS__);			\
	}								\
} while (0)

static unsigned long addr_of(struct worker *w, unsigned int page)
{
	return w->home[w->at] + page * PAGE_SIZE;
}

static void write_pages(struct worker *w, unsigned int first, unsigned int nr)
{
	u32 new = test_pattern_new_seed();
	unsigned int page, i;

	w->seeds[w->nr_seeds++] = new;
	for (page = first; page < first + nr; page++) {
		for (i = 0; i < PAGE_SIZE / sizeof(u64); i++)
			w->buf[i] = test_pattern_word(new, page, i * sizeof(u64));
		CHECK(w, !copy_to_user((void __user *)addr_of(w, page), w->buf,
				       PAGE_SIZE),
		      "page %u cannot be written to", page);
		w->model[page] = new;
	}
}

static void verify_pages(struct worker *w, unsigned int first, unsigned int nr)
{
	unsigned int page, i;

	for (page = first; page < first + nr; page++) {
		if (copy_from_user(w->buf, (void __user *)addr_of(w, page),
				   PAGE_SIZE)) {
			CHECK(w, false, "page %u cannot be read", page);
			return;
		}
		for (i = 0; i < PAGE_SIZE / sizeof(u64); i++) {
			u64 want = 0;

			if (w->model[page])
				want = test_pattern_word(w->model[page], page,
							 i * sizeof(u64));
			if (w->buf[i] == want)
				continue;
			CHECK(w, false, "page %u word %u: wanted %016llx, got %016llx",
			      page, i, want, w->buf[i]);
			return;
		}
	}
}

static void zap_pages(struct worker *w, unsigned int first, unsigned int nr)
{
	int ret = do_madvise(w->run->tm->mm, addr_of(w, first),
			     nr * PAGE_SIZE, MADV_DONTNEED);

	CHECK(w, !ret, "MADV_DONTNEED: %d", ret);
	memset(&w->model[first], 0, nr * sizeof(u32));
}

static void map(struct worker *w)
{
	unsigned long addr = addr_of(w, 0), ret;

	ret = vm_mmap(NULL, addr, PMD_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, 0);
	CHECK(w, ret == addr, "mmap: %ld", (long)ret);
	CHECK(w, !do_madvise(current->mm, addr, PMD_SIZE, MADV_HUGEPAGE),
	      "MADV_HUGEPAGE");
	memset(w->model, 0, sizeof(w->model));
}

static void unmap(struct worker *w)
{
	int ret = vm_munmap(addr_of(w, 0), PMD_SIZE);

	CHECK(w, !ret, "munmap: %d", ret);
}

static void protect_and_verify(struct worker *w)
{
	long ret;

	ret = test_sys_mprotect(addr_of(w, 0), PMD_SIZE, PROT_READ);
	CHECK(w, !ret, "mprotect: %ld", ret);
	verify_pages(w, below(&w->rnd, TEST_PMD_NR), 1);
	ret = test_sys_mprotect(addr_of(w, 0), PMD_SIZE, PROT_READ | PROT_WRITE);
	CHECK(w, !ret, "mprotect: %ld", ret);
}

static void move(struct worker *w)
{
	unsigned long to = w->home[!w->at];
	long ret;

	ret = test_sys_mremap(addr_of(w, 0), PMD_SIZE, PMD_SIZE,
			      MREMAP_MAYMOVE | MREMAP_FIXED, to);
	CHECK(w, ret == (long)to, "mremap: %ld", ret);
	w->at = !w->at;
}

/* Of another task; it may be somewhere else by then, or nowhere. */
static void pageout_any(struct worker *w)
{
	struct worker *any = &w->run->worker[below(&w->rnd, NR_WORKERS)];

	do_madvise(current->mm, addr_of(any, 0), PMD_SIZE, MADV_PAGEOUT);
}

/* A fault beside those of the task that it belongs to. */
static void touch_any(struct worker *w)
{
	struct worker *any = &w->run->worker[below(&w->rnd, NR_WORKERS)];
	unsigned long addr = addr_of(any, below(&w->rnd, TEST_PMD_NR));

	if (copy_from_user(w->buf, (void __user *)addr, sizeof(*w->buf)))
		w->buf[0] = 0;
}

/* On several CPUs two may want the same one. */
static bool take(struct worker *w)
{
	return xchg(&w->idle, false);
}

static void give_back(struct worker *w)
{
	/* With what was done to its pages. */
	smp_store_release(&w->idle, true);
}

/* Under the eyes of whoever else is at it, but not of its own task. */
static void zap_idle(struct worker *w)
{
	if (!take(w))
		return;
	zap_pages(w, 0, TEST_PMD_NR);
	give_back(w);
}

static void worker_step(struct worker *w)
{
	unsigned int first = below(&w->rnd, TEST_PMD_NR);
	unsigned int nr = 1 + below(&w->rnd, TEST_PMD_NR - first);

	switch (below(&w->rnd, 100)) {
	case 0 ... 15:
		lru_add_drain();
		do_madvise(current->mm, addr_of(w, 0), PMD_SIZE, MADV_PAGEOUT);
		break;
	case 16 ... 23:
		lru_add_drain();
		pageout_any(w);
		break;
	case 24 ... 37:
		touch_any(w);
		break;
	case 38 ... 45:
		write_pages(w, first, 1);
		break;
	case 46 ... 53:
		write_pages(w, 0, TEST_PMD_NR);
		break;
	case 54 ... 61:
		verify_pages(w, first, 1);
		break;
	case 62 ... 66:
		verify_pages(w, 0, TEST_PMD_NR);
		break;
	case 67 ... 68:
		zap_pages(w, first, nr);
		break;
	case 69 ... 71:
		zap_pages(w, 0, TEST_PMD_NR);
		break;
	case 72 ... 74:
		zap_idle(&w->run->worker[below(&w->rnd, NR_WORKERS)]);
		break;
	case 75 ... 82:
		unmap(w);
		map(w);
		write_pages(w, 0, TEST_PMD_NR);
		break;
	case 83 ... 86:
		protect_and_verify(w);
		break;
	case 87 ... 94:
		move(w);
		break;
	default:
		do_madvise(current->mm, addr_of(w, 0), PMD_SIZE, MADV_WILLNEED);
		break;
	}
}

static int worker_thread(void *data)
{
	struct worker *w = data;
	struct mm_struct *mm = w->run->tm->mm;

	kthread_use_mm(mm);
	map(w);
	for (w->step = 0; w->step < steps && !w->run->failed; w->step++) {
		give_back(w);
		wait_for_completion(&w->turn);
		worker_step(w);
	}
	if (!w->run->failed)
		verify_pages(w, 0, TEST_PMD_NR);
	unmap(w);
	kthread_unuse_mm(mm);
	mmput(mm);
	complete(&w->done);
	return 0;
}

static bool all_done(struct run *run)
{
	int i;

	for (i = 0; i < NR_WORKERS; i++)
		if (!completion_done(&run->worker[i].done))
			return false;
	return true;
}

static void release(struct run *run)
{
	if (run->held)
		test_disk_release(run->disk);
	run->held = false;
}

/*
 * What a child has of a task's page is what that had written by then, word by
 * word, and nothing it has written since.
 */
static void verify_child(struct run *run, unsigned int nr)
{
	const unsigned int *seeds = run->child_seeds[nr];
	struct test_mm *child = run->child[nr];
	static const unsigned int offsets[] = { 0, 8, 2048, 4088 };
	unsigned int page, i, k, at;
	struct worker *w;

	for (w = run->worker; w < run->worker + NR_WORKERS; w++) {
		for (at = 0; at < 2; at++) {
			bool mapped;

			mmap_read_lock(child->mm);
			mapped = vma_lookup(child->mm, w->home[at]);
			mmap_read_unlock(child->mm);
			for (page = 0; mapped && page < TEST_PMD_NR; page++) {
				unsigned long addr = w->home[at] +
						     page * PAGE_SIZE;

				i = page % ARRAY_SIZE(offsets);
				u64 got;

				CHECK(w, !test_mm_read(child, &got,
						       addr + offsets[i], 8),
				      "a child cannot read page %u", page);
				for (k = 0; got && k < seeds[w - run->worker]; k++)
					if (got == test_pattern_word(w->seeds[k],
								     page,
								     offsets[i]))
						break;
				CHECK(w, !got || k < seeds[w - run->worker],
				      "a child has %016llx in page %u", got,
				      page);
			}
		}
	}
}

/* Where swapoff() looks for swap entries. */
static bool on_mmlist(struct mm_struct *mm)
{
	struct list_head *pos;
	bool found = false;

	spin_lock(&mmlist_lock);
	list_for_each(pos, &init_mm.mmlist)
		found |= pos == &mm->mmlist;
	spin_unlock(&mmlist_lock);
	return found;
}

static void end_child(struct run *run, unsigned int i)
{
	struct mm_struct *mm = run->child_mm[i];
	struct kunit *test = run->test;

	if (!run->child[i])
		return;
	verify_child(run, i);
	test_mm_exit(run->child[i]);
	run->child[i] = NULL;
	run->child_mm[i] = NULL;
	/* Of a process that is gone these say what it has leaked. */
	if (!atomic_read(&mm->mm_users)) {
		KUNIT_EXPECT_EQ(test, get_mm_counter_sum(mm, MM_ANONPAGES), 0L);
		KUNIT_EXPECT_EQ(test, get_mm_counter_sum(mm, MM_SWAPENTS), 0L);
		KUNIT_EXPECT_EQ(test, mm_pgtables_bytes(mm), 0UL);
		KUNIT_EXPECT_FALSE(test, on_mmlist(mm));
	}
	mmdrop(mm);
}

static void fork_or_end_child(struct run *run)
{
	unsigned int i = below(&run->rnd, NR_CHILDREN), k;

	/* These wait for locks that somebody holds who waits for the device. */
	release(run);
	if (run->child[i]) {
		end_child(run, i);
		return;
	}
	run->child[i] = test_mm_fork(run->tm);
	run->child_mm[i] = run->child[i]->mm;
	mmgrab(run->child_mm[i]);
	for (k = 0; k < NR_WORKERS; k++)
		run->child_seeds[i][k] = run->worker[k].nr_seeds;
}

/* One task does a step, or comes as far as it can. */
static void give_turn(struct worker *w)
{
	if (!take(w))
		return;
	complete(&w->turn);
	while (!READ_ONCE(w->idle) && !completion_done(&w->done) &&
	       !test_task_sleeps(w->task))
		schedule();
}

static void let_others(struct run *run, unsigned int times)
{
	while (times--)
		give_turn(&run->worker[below(&run->rnd, NR_WORKERS)]);
}

static void swap_on(struct run *run)
{
	release(run);
	run->swap = test_swap_on(run->tm, run->disk->dev, SWAP_SLOTS,
				 TEST_SWAP_NO_PRIO);
}

static long zap_call(void *data)
{
	zap_idle(data);
	return 0;
}

/*
 * Not by the case itself: a task that holds the mmap_lock may wait for the
 * device, which only the case lets go on.
 */
static struct test_call *start_zap(struct run *run)
{
	struct worker *w = &run->worker[below(&run->rnd, NR_WORKERS)];
	struct test_call *zap = test_call_start(run->tm, zap_call, w);

	test_call_sleeps(zap);
	return zap;
}

static void swap_off(struct run *run)
{
	struct test_call *zap = NULL;
	struct kunit *test = run->test;
	int i, ret;

	release(run);
	/* What is in swap now it has to read. */
	lru_add_drain_all();
	for (i = 0; i < NR_WORKERS; i++)
		test_mm_madvise(run->tm, addr_of(&run->worker[i], 0), PMD_SIZE,
				MADV_PAGEOUT);
	if (below(&run->rnd, 4)) {
		test_disk_hold(run->disk, TEST_DISK_READS);
		run->held = true;
	}
	KUNIT_ASSERT_EQ(test, 0, test_swap_off_start(run->swap));
	test_swap_off_sleeps(run->swap);
	if (below(&run->rnd, 2))
		zap = start_zap(run);
	let_others(run, 2 + below(&run->rnd, 8));
	release(run);
	if (zap)
		test_call_wait(zap);
	ret = test_swap_off_wait(run->swap);
	KUNIT_EXPECT_EQ_MSG(test, ret, 0, "swapoff, seed %u", run->seed);
	KUNIT_EXPECT_EQ(test, test_swap_used(run->swap), 0);
	if (ret)
		run->failed = true;
	run->swap = NULL;
}

static void case_step(struct run *run)
{
	switch (below(&run->rnd, 8)) {
	case 0 ... 1:
		fork_or_end_child(run);
		break;
	case 2 ... 3:
		release(run);
		test_disk_hold(run->disk, below(&run->rnd, 2) ?
			       TEST_DISK_READS :
			       TEST_DISK_READS | TEST_DISK_WRITES);
		run->held = true;
		break;
	case 4:
		release(run);
		break;
	default:
		break;
	}
	let_others(run, 1 + below(&run->rnd, 5));
}

static void stop_workers(void *data)
{
	struct run *run = data;
	int i;

	run->failed = run->failed || !all_done(run);
	release(run);
	for (i = 0; i < NR_WORKERS; i++) {
		struct worker *w = &run->worker[i];

		complete_all(&w->turn);
		wait_for_completion(&w->done);
		put_task_struct(w->task);
	}
}

static void start_workers(struct run *run)
{
	struct kunit *test = run->test;
	struct task_struct *task;
	int i;

	for (i = 0; i < NR_WORKERS; i++) {
		struct worker *w = &run->worker[i];

		w->run = run;
		prandom_seed_state(&w->rnd, run->seed + 1 + i);
		w->home[0] = test_mm_reserve(run->tm, PMD_SIZE);
		w->home[1] = test_mm_reserve(run->tm, PMD_SIZE);
		w->seeds = kunit_kcalloc(test, steps + 1, sizeof(u32),
					 GFP_KERNEL);
		w->buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, w->seeds);
		KUNIT_ASSERT_NOT_NULL(test, w->buf);
		init_completion(&w->turn);
		init_completion(&w->done);
	}
	for (i = 0; i < NR_WORKERS; i++) {
		task = kthread_create(worker_thread, &run->worker[i],
				      "softleaf_worker%d", i);
		if (IS_ERR(task)) {
			while (i--)
				kthread_stop(run->worker[i].task);
			KUNIT_FAIL_AND_ABORT(test, "no task");
		}
		run->worker[i].task = get_task_struct(task);
	}
	for (i = 0; i < NR_WORKERS; i++) {
		mmget(run->tm->mm);
		wake_up_process(run->worker[i].task);
	}
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, stop_workers, run));
}

static void expect_nothing_left(struct run *run, struct test_stat *stat)
{
	softleaf_t first = swp_entry(run->swap->si->type, 1);
	struct test_slots slots = test_slots_from(first, SWAP_SLOTS);
	struct kunit *test = run->test;

	TEST_EXPECT_RSS(stat, 0, 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
	KUNIT_EXPECT_EQ(test, max(test_deposits(run->tm, run->tm->scratch), 0), 0);
	KUNIT_EXPECT_EQ_MSG(test, slots.swap, 0, "slots with a count");
	/* What was zapped under writeback is cached until somebody comes by. */
	KUNIT_EXPECT_EQ(test, test_swap_used(run->swap), slots.cached);
	KUNIT_EXPECT_EQ(test, test_swap_off(run->swap), 0);
	KUNIT_EXPECT_EQ(test, test_swap_used(run->swap), 0);
}

struct tasks_row {
	const char *name;
	blk_features_t features;
};

static const struct tasks_row tasks_rows[] = {
	{ "synchronous", DISK_SYNC },
	{ "asynchronous", DISK_ASYNC },
	{ "asynchronous, stable writes", BLK_FEAT_STABLE_WRITES },
};

KUNIT_ARRAY_PARAM_DESC(tasks, tasks_rows, name);

static void pmd_swap_tasks_random(struct kunit *test)
{
	const struct tasks_row *row = test->param_value;
	struct test_stat *stat;
	struct run *run;
	unsigned int i, round;

	test_pmd_swap_require(test);
	run = kunit_kzalloc(test, sizeof(*run), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, run);
	run->test = test;
	run->seed = seed ?: get_random_u32() | 1;
	prandom_seed_state(&run->rnd, run->seed);
	kunit_info(test, "%s: pmd_swap_tasks_kunit.seed=%u\n", row->name,
		   run->seed);
	run->disk = test_disk_create(test, SWAP_SLOTS + 1, row->features);
	run->tm = test_mm_create(test);
	stat = test_stat_begin(run->tm);
	swap_on(run);
	start_workers(run);

	for (round = 0; round < MAX_ROUNDS; round++) {
		if (all_done(run) || run->failed)
			break;
		if (!run->swap)
			swap_on(run);
		for (i = 0; i < 10 && !run->failed; i++)
			case_step(run);
		swap_off(run);
	}

	if (!run->swap)
		swap_on(run);
	kunit_release_action(test, stop_workers, run);
	for (i = 0; i < NR_CHILDREN; i++)
		end_child(run, i);
	kunit_info(test, "swapoff: %u times; PMD swap entries: %ld\n", round,
		   test_event_delta(stat, "thp_swpout_pmd"));
	/* Turns taken without them would prove little. */
	KUNIT_EXPECT_GT(test, round, 0);
	KUNIT_EXPECT_GT(test, test_event_delta(stat, "thp_swpout_pmd"), 0);
	expect_nothing_left(run, stat);
}

static struct kunit_case pmd_swap_tasks_cases[] = {
	KUNIT_CASE_PARAM_ATTR(pmd_swap_tasks_random, tasks_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	{}
};

static struct kunit_suite pmd_swap_tasks_suite = {
	.name = "pmd_swap_tasks",
	.test_cases = pmd_swap_tasks_cases,
};

kunit_test_suite(pmd_swap_tasks_suite);

MODULE_DESCRIPTION("KUnit suite of several tasks with PMD swap entries");
MODULE_LICENSE("GPL");
