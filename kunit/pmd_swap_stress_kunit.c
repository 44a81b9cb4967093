// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "pmd_swap_stress": many things at random to a few huge pages.
 *
 *	tools/testing/kunit/kunit.py run pmd_swap_stress
 *	... --kernel_args=pmd_swap_stress_kunit.seed=<seed>	the same again
 *	... --kernel_args=pmd_swap_stress_kunit.steps=<n>	for longer
 *
 * Processes fork and exit, read and write, are paged out and zapped, whole or
 * in part. A model of what each page holds is kept beside them, and each read
 * is compared with it. In the end nothing is left: no page, no swap entry, no
 * slot.
 *
 * The sequence follows from the seed alone. What the step was when something
 * was wrong is in the message.
 */
#include <kunit/test.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/slab.h>

/* Where it is not there, drain_all_pages() is in linux/gfp.h. */
#if __has_include("../../page_alloc.h")
#include "../../page_alloc.h"
#endif
#include "pmd_swap_helpers.h"

#define NR_PROCESSES	3
#define NR_THPS		4
/* Each process can have a copy of each page of its own, and some to spare. */
#define SWAP_SLOTS	((NR_PROCESSES * NR_THPS + 4) * TEST_PMD_NR)
/* Steps between two comparisons of the counters with the page tables. */
#define CHECK_STEPS	25
/* Pages that the kernel may take itself meanwhile: the huge zero page, slabs. */
#define FREE_SLACK	(2 * TEST_PMD_NR)

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "Seed of the sequence, 0 for a new one each time");

static unsigned int steps = 600;
module_param(steps, uint, 0444);
MODULE_PARM_DESC(steps, "Number of steps");

/**
 * struct stress - the processes, and what they ought to see
 * @test: the case
 * @disk: the device of the swap area
 * @swap: the swap area
 * @rnd: where all decisions come from
 * @seed: what @rnd was seeded with
 * @step: number of the step
 * @sync: writes to @disk are waited for
 * @held: steps for which writes to @disk are held still, 0 if they are not
 * @tm: the processes; the first one is always there, others may be NULL
 * @addr: user addresses of the huge pages
 * @model: pattern seed of each page of each process, 0 for a page of zeroes
 */
struct stress {
	struct kunit *test;
	struct test_disk *disk;
	struct test_swap *swap;
	struct rnd_state rnd;
	u32 seed;
	unsigned int step;
	bool sync;
	unsigned int held;
	struct test_mm *tm[NR_PROCESSES];
	unsigned long addr[NR_THPS];
	u32 model[NR_PROCESSES][NR_THPS][HPAGE_PMD_NR];
};

static unsigned int below(struct stress *st, unsigned int ceil)
{
	return prandom_u32_state(&st->rnd) % ceil;
}

/* What a step is about: a process, one of its huge pages, some pages of it. */
struct target {
	unsigned int process;
	unsigned int thp;
	unsigned int first;
	unsigned int nr;
	struct test_mm *tm;
	unsigned long addr;
};

static struct target pick(struct stress *st, bool whole)
{
	struct target t = { .nr = TEST_PMD_NR };

	do
		t.process = below(st, NR_PROCESSES);
	while (!st->tm[t.process]);
	t.tm = st->tm[t.process];
	t.thp = below(st, NR_THPS);
	if (!whole) {
		t.first = below(st, TEST_PMD_NR);
		t.nr = 1 + below(st, TEST_PMD_NR - t.first);
	}
	t.addr = st->addr[t.thp] + t.first * PAGE_SIZE;
	return t;
}

static void step_verify(struct stress *st, struct target t)
{
	unsigned int page;

	for (page = t.first; page < t.first + t.nr; page++) {
		u32 want = st->model[t.process][t.thp][page];
		struct test_pattern_diff diff;
		bool ok;

		ok = test_pattern_ok(t.tm, st->addr[t.thp] + page * PAGE_SIZE,
				     1, want, page, &diff);
		KUNIT_ASSERT_TRUE_MSG(st->test, ok,
				      "seed %u step %u: process %u huge page %u page %u: wanted %016llx, %s %016llx",
				      st->seed, st->step, t.process, t.thp,
				      page, diff.want,
				      diff.fault ? "could not be read" : "got",
				      diff.got);
	}
}

static void step_write(struct stress *st, struct target t)
{
	u32 new = test_pattern_new_seed();
	unsigned int page;

	KUNIT_ASSERT_EQ_MSG(st->test, 0,
			    test_pattern_fill(t.tm, t.addr, t.nr, new, t.first),
			    "seed %u step %u", st->seed, st->step);
	for (page = t.first; page < t.first + t.nr; page++)
		st->model[t.process][t.thp][page] = new;
}

static void step_zap(struct stress *st, struct target t)
{
	KUNIT_ASSERT_EQ_MSG(st->test, 0,
			    test_mm_madvise(t.tm, t.addr, t.nr * PAGE_SIZE,
					    MADV_DONTNEED),
			    "seed %u step %u", st->seed, st->step);
	memset(&st->model[t.process][t.thp][t.first], 0, t.nr * sizeof(u32));
}

static void step_pageout(struct stress *st, struct target t)
{
	lru_add_drain_all();
	KUNIT_ASSERT_EQ_MSG(st->test, 0,
			    test_mm_madvise(t.tm, t.addr, t.nr * PAGE_SIZE,
					    MADV_PAGEOUT),
			    "seed %u step %u", st->seed, st->step);
}

/* MADV_PAGEOUT leaves shared folios alone, other reclaim does not. */
static void step_reclaim(struct stress *st, struct target t)
{
	struct folio *folio;
	LIST_HEAD(list);

	lru_add_drain_all();
	folio = test_folio_get(t.tm, t.addr);
	if (!folio)
		return;
	if (folio_test_anon(folio) && folio_isolate_lru(folio))
		list_add(&folio->lru, &list);
	folio_put(folio);
	reclaim_pages(&list);
}

static void step_fork(struct stress *st, struct target t)
{
	unsigned int i;

	for (i = 1; i < NR_PROCESSES && st->tm[i]; i++)
		;
	if (i == NR_PROCESSES)
		return;
	st->tm[i] = test_mm_fork(t.tm);
	memcpy(st->model[i], st->model[t.process], sizeof(st->model[i]));
}

static void step_exit(struct stress *st, struct target t)
{
	if (!t.process)
		return;
	test_mm_exit(t.tm);
	st->tm[t.process] = NULL;
}

/* A slow device for a while: what is paged out stays under writeback. */
static void step_hold(struct stress *st)
{
	if (st->held || st->sync)
		return;
	test_disk_hold(st->disk, TEST_DISK_WRITES);
	st->held = 1 + below(st, 10);
}

static void step(struct stress *st)
{
	if (st->held && !--st->held)
		test_disk_release(st->disk);

	switch (below(st, 100)) {
	case 0 ... 19:
		step_pageout(st, pick(st, true));
		break;
	case 20 ... 27:
		step_reclaim(st, pick(st, true));
		break;
	case 28 ... 30:
		step_pageout(st, pick(st, false));
		break;
	case 31 ... 38:
		step_verify(st, pick(st, true));
		break;
	case 39 ... 55: {
		struct target t = pick(st, false);

		t.nr = 1;
		step_verify(st, t);
		break;
	}
	case 56 ... 70: {
		struct target t = pick(st, false);

		t.nr = 1;
		step_write(st, t);
		break;
	}
	case 71 ... 76:
		step_write(st, pick(st, true));
		break;
	case 77 ... 79:
		step_write(st, pick(st, false));
		break;
	case 80 ... 82:
		step_zap(st, pick(st, true));
		break;
	case 83 ... 85:
		step_zap(st, pick(st, false));
		break;
	case 86 ... 91:
		step_fork(st, pick(st, true));
		break;
	case 92 ... 94:
		step_exit(st, pick(st, true));
		break;
	case 95 ... 97: {
		struct target t = pick(st, true);

		/* Waits for writeback. */
		if (!st->held)
			test_swap_uncache(t.tm, t.addr, t.nr);
		break;
	}
	default:
		step_hold(st);
		break;
	}
}

static void expect_counters(struct stress *st, struct test_mm *tm)
{
	long anon = 0, swap = 0;
	unsigned int thp;

	for (thp = 0; thp < NR_THPS; thp++) {
		long a, s;

		count_mapped(tm, st->addr[thp], &a, &s);
		anon += a;
		swap += s;
	}
	KUNIT_ASSERT_EQ_MSG(st->test, get_mm_counter_sum(tm->mm, MM_ANONPAGES),
			    anon, "seed %u step %u", st->seed, st->step);
	KUNIT_ASSERT_EQ_MSG(st->test, get_mm_counter_sum(tm->mm, MM_SWAPENTS),
			    swap, "seed %u step %u", st->seed, st->step);
}

/*
 * Free what only the swap cache holds: pages that were zapped while they were
 * under writeback, or the first one of a large folio, which MADV_PAGEOUT keeps
 * when it splits one whose first page was zapped. The kernel leaves both to
 * reclaim.
 */
static void reclaim_cached(struct stress *st, softleaf_t first)
{
	softleaf_t entry = first;
	LIST_HEAD(list);
	int slot;

	lru_add_drain_all();
	for (slot = 0; slot < SWAP_SLOTS; slot++, entry.val++) {
		struct folio *folio = swap_cache_get_folio(entry);

		if (!folio)
			continue;
		folio_wait_writeback(folio);
		if (folio_isolate_lru(folio))
			list_add(&folio->lru, &list);
		folio_put(folio);
	}
	reclaim_pages(&list);
}

/* Nobody has a slot any more. */
static void expect_no_slots(struct stress *st)
{
	softleaf_t first = swp_entry(st->swap->si->type, 1);
	struct test_slots slots = test_slots_from(first, SWAP_SLOTS);

	KUNIT_EXPECT_EQ_MSG(st->test, slots.swap, 0, "slots with a count");
	KUNIT_EXPECT_EQ(st->test, test_swap_used(st->swap), slots.cached);
	reclaim_cached(st, first);
	slots = test_slots_from(first, SWAP_SLOTS);
	KUNIT_EXPECT_EQ_MSG(st->test, slots.cached, 0,
			    "cached, and not to be reclaimed");
	KUNIT_EXPECT_EQ(st->test, test_swap_used(st->swap), 0);
	KUNIT_EXPECT_EQ(st->test, test_swap_off(st->swap), 0);
}

/* Pages that are free, or will be once the device is gone. */
static long count_free_pages(struct stress *st)
{
	unsigned long index;
	long pages;
	void *data;

	lru_add_drain_all();
	drain_all_pages(NULL);
	pages = global_zone_page_state(NR_FREE_PAGES);
	xa_for_each(&st->disk->pages, index, data)
		pages++;
	return pages;
}

struct stress_row {
	const char *name;
	blk_features_t features;
};

static const struct stress_row stress_rows[] = {
	{ "synchronous", DISK_SYNC },
	{ "asynchronous", DISK_ASYNC },
	{ "asynchronous, stable writes", BLK_FEAT_STABLE_WRITES },
};

KUNIT_ARRAY_PARAM_DESC(stress, stress_rows, name);

static void pmd_swap_stress_random(struct kunit *test)
{
	const struct stress_row *row = test->param_value;
	struct test_stat *stat;
	struct stress *st;
	unsigned int i;
	long free;

	test_pmd_swap_require(test);
	st = kunit_kzalloc(test, sizeof(*st), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, st);
	st->test = test;
	st->seed = seed ?: get_random_u32() | 1;
	prandom_seed_state(&st->rnd, st->seed);
	kunit_info(test, "%s: pmd_swap_stress_kunit.seed=%u\n", row->name,
		   st->seed);

	st->disk = test_disk_create(test, SWAP_SLOTS + 1, row->features);
	st->sync = row->features & BLK_FEAT_SYNCHRONOUS;
	st->tm[0] = test_mm_create(test);
	st->swap = test_swap_on(st->tm[0], st->disk->dev, SWAP_SLOTS,
				TEST_SWAP_NO_PRIO);
	for (i = 0; i < NR_THPS; i++)
		st->addr[i] = test_thp_reserve(st->tm[0], 1);
	stat = test_stat_begin(st->tm[0]);
	free = count_free_pages(st);

	for (st->step = 0; st->step < steps; st->step++) {
		step(st);
		for (i = 0; !(st->step % CHECK_STEPS) && i < NR_PROCESSES; i++)
			if (st->tm[i])
				expect_counters(st, st->tm[i]);
	}

	if (st->held)
		test_disk_release(st->disk);
	/* A sequence without them would prove little. */
	KUNIT_EXPECT_GT(test, test_event_delta(stat, "thp_swpout_pmd"), 0);
	for (i = 0; i < NR_PROCESSES; i++) {
		struct target t = { .process = i, .tm = st->tm[i],
				    .nr = TEST_PMD_NR };

		if (!t.tm)
			continue;
		for (t.thp = 0; t.thp < NR_THPS; t.thp++) {
			t.addr = st->addr[t.thp];
			step_verify(st, t);
			step_zap(st, t);
		}
		KUNIT_EXPECT_EQ(test,
				get_mm_counter_sum(t.tm->mm, MM_ANONPAGES), 0);
		KUNIT_EXPECT_EQ(test,
				get_mm_counter_sum(t.tm->mm, MM_SWAPENTS), 0);
	}
	expect_no_slots(st);
	/* KASAN keeps in quarantine what has been freed. */
	if (!IS_ENABLED(CONFIG_KASAN))
		KUNIT_EXPECT_GT_MSG(test, count_free_pages(st),
				    free - FREE_SLACK,
				    "seed %u: pages are lost", st->seed);
}

static struct kunit_case pmd_swap_stress_cases[] = {
	KUNIT_CASE_PARAM_ATTR(pmd_swap_stress_random, stress_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	{}
};

static struct kunit_suite pmd_swap_stress_suite = {
	.name = "pmd_swap_stress",
	.test_cases = pmd_swap_stress_cases,
};

kunit_test_suite(pmd_swap_stress_suite);

MODULE_DESCRIPTION("KUnit suite that does things to PMD swap entries at random");
MODULE_LICENSE("GPL");
