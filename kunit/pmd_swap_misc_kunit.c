// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite "pmd_swap_misc": those who look at memory that is one PMD swap
 * entry, and have no suite of their own.
 *
 *	tools/testing/kunit/kunit.py run --kernel_args=ubd0=<file> pmd_swap_misc
 *
 * Core dumps, GUP, ptrace, HMM and mlock() read it back. Walkers that want only
 * what is mapped step over it: khugepaged, KSM, DAMON, and all who go by the rmap
 * of a folio that somebody else has mapped while it is in the swap cache. None of
 * them takes the offset for a PFN, and none changes the entry.
 *
 * UML has no NUMA, so the case of mbind() and numa_maps runs in "make cross" only.
 * There are no perf events, no GUP-fast and no memory failure on UML either.
 */
#include <kunit/test.h>

#include <linux/damon.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/hmm.h>
#include <linux/ksm.h>
#include <linux/mempolicy.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mount.h>
#include <linux/page_idle.h>
#include <linux/rmap.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "../../damon/ops-common.h"
#include "pmd_swap_helpers.h"

#define MIDDLE	(TEST_PMD_NR / 2)
#define LAST	(TEST_PMD_NR - 1)

static const unsigned int some_pages[] = { 0, 1, HPAGE_PMD_NR / 2,
					   HPAGE_PMD_NR - 1 };

/* The entry is what it was: nobody has read, split or moved anything. */
static void expect_untouched(struct test_mm *tm, unsigned long addr, pmd_t pmd,
			     struct test_stat *stat)
{
	struct kunit *test = tm->test;

	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(test_pmd(tm, addr)),
			softleaf_raw_pmd(pmd));
	TEST_EXPECT_SLOTS(tm, addr, TEST_PMD_NR, 1);
	TEST_EXPECT_RSS(stat, 0, 0);
	TEST_EXPECT_EVENT(stat, "pswpin", 0);
	KUNIT_EXPECT_EQ(test, test_pgtables_delta(stat), 0);
}

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

/* The word of the pattern that a page of the huge page starts with. */
static u64 word_of(struct page *page)
{
	u64 word;

	memcpy_from_page((char *)&word, page, 0, sizeof(word));
	return word;
}

static long gup(struct test_mm *tm, unsigned long addr, unsigned long nr,
		unsigned int flags, struct page **pages)
{
	int locked = 1;
	long ret;

	mmap_read_lock(tm->mm);
	ret = get_user_pages_remote(tm->mm, addr, nr, flags, pages, &locked);
	if (locked)
		mmap_read_unlock(tm->mm);
	return ret;
}

struct gup_row {
	const char *name;
	unsigned int flags;
	bool shared;
};

static const struct gup_row gup_rows[] = {
	{ "to read", 0, false },
	{ "to write", FOLL_WRITE, false },
	{ "to read, shared", 0, true },
	{ "to write, shared", FOLL_WRITE, true },
};

KUNIT_ARRAY_PARAM_DESC(gup, gup_rows, name);

/* All of it, by one call: each page has its data. */
static void pmd_swap_misc_gup(struct kunit *test)
{
	const struct gup_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *child = NULL;
	struct page **pages;
	long nr, i, wrong = 0;

	pages = kunit_kcalloc(test, TEST_PMD_NR, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	pmd_swap_go_out(&s);
	if (row->shared)
		child = test_mm_fork(s.tm);

	nr = gup(s.tm, s.thp.addr, TEST_PMD_NR, row->flags, pages);

	KUNIT_EXPECT_EQ(test, nr, TEST_PMD_NR);
	for (i = 0; i < nr; i++) {
		wrong += word_of(pages[i]) !=
			 test_pattern_word(s.thp.seed, i, 0);
		put_page(pages[i]);
	}
	KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "pages with other data");
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
	if (!row->shared)
		KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_THP(s.tm, s.thp);
	if (child)
		TEST_EXPECT_THP(child, s.thp);
}

/* Who must not fault gets an error, and does not get a page of another kind. */
static void pmd_swap_misc_gup_nofault(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct page *page;
	struct test_thp thp;
	struct test_stat *stat;
	pmd_t pmd;
	int i;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	stat = test_stat_begin(tm);
	pmd = test_pmd(tm, thp.addr);

	for (i = 0; i < ARRAY_SIZE(some_pages); i++) {
		unsigned long addr = thp.addr + some_pages[i] * PAGE_SIZE;

		KUNIT_EXPECT_EQ(test, gup(tm, addr, 1, FOLL_NOFAULT, &page),
				(long)-EFAULT);
		KUNIT_EXPECT_EQ(test, gup(tm, addr, 1,
					  FOLL_NOFAULT | FOLL_WRITE, &page),
				(long)-EFAULT);
		KUNIT_EXPECT_EQ(test, get_user_pages_fast_only(addr, 1, 0, &page),
				0);
	}

	expect_untouched(tm, thp.addr, pmd, stat);
	TEST_EXPECT_THP(tm, thp);
}

static void pmd_swap_misc_folio_walk(struct kunit *test)
{
	static const folio_walk_flags_t flags[] = { 0, FW_ZEROPAGE };
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp;
	struct test_stat *stat;
	pmd_t pmd;
	int i, j;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	stat = test_stat_begin(tm);
	pmd = test_pmd(tm, thp.addr);

	for (i = 0; i < ARRAY_SIZE(some_pages); i++) {
		for (j = 0; j < ARRAY_SIZE(flags); j++) {
			unsigned long addr = thp.addr + some_pages[i] * PAGE_SIZE;
			struct vm_area_struct *vma;
			struct folio_walk fw;
			struct folio *folio;

			mmap_read_lock(tm->mm);
			vma = vma_lookup(tm->mm, addr);
			folio = folio_walk_start(&fw, vma, addr, flags[j]);
			if (folio)
				folio_walk_end(&fw, vma);
			mmap_read_unlock(tm->mm);
			KUNIT_EXPECT_NULL(test, folio);
		}
	}

	expect_untouched(tm, thp.addr, pmd, stat);
	TEST_EXPECT_THP(tm, thp);
}

#ifdef CONFIG_HMM_MIRROR
static bool hmm_invalidate(struct mmu_interval_notifier *sub,
			   const struct mmu_notifier_range *range,
			   unsigned long seq)
{
	mmu_interval_set_seq(sub, seq);
	return true;
}

static const struct mmu_interval_notifier_ops hmm_ops = {
	.invalidate = hmm_invalidate,
};

static void hmm_remove(void *notifier)
{
	mmu_interval_notifier_remove(notifier);
}

/* As a driver does it: again, as long as the address space changes. */
static int hmm_fault(struct test_mm *tm, struct mmu_interval_notifier *sub,
		     struct hmm_range *range)
{
	int tries, ret = -EBUSY;

	for (tries = 0; ret == -EBUSY && tries < MAX_FAULTS; tries++) {
		range->notifier_seq = mmu_interval_read_begin(sub);
		mmap_read_lock(tm->mm);
		ret = hmm_range_fault(range);
		mmap_read_unlock(tm->mm);
	}
	return ret;
}

struct hmm_row {
	const char *name;
	unsigned long flags;
	unsigned int first;
	unsigned int nr;
};

static const struct hmm_row hmm_rows[] = {
	{ "look at all", 0, 0, HPAGE_PMD_NR },
	{ "look at the last page", 0, HPAGE_PMD_NR - 1, 1 },
	{ "read all", HMM_PFN_REQ_FAULT, 0, HPAGE_PMD_NR },
	{ "read a page", HMM_PFN_REQ_FAULT, HPAGE_PMD_NR / 2, 1 },
	{ "write to all", HMM_PFN_REQ_FAULT | HMM_PFN_REQ_WRITE, 0,
	  HPAGE_PMD_NR },
	{ "write to the last page", HMM_PFN_REQ_FAULT | HMM_PFN_REQ_WRITE,
	  HPAGE_PMD_NR - 1, 1 },
};

KUNIT_ARRAY_PARAM_DESC(hmm, hmm_rows, name);

static void pmd_swap_misc_hmm(struct kunit *test)
{
	const struct hmm_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct mmu_interval_notifier *sub;
	struct hmm_range range = {};
	unsigned int i, wrong = 0;
	pmd_t pmd;

	sub = kunit_kzalloc(test, sizeof(*sub), GFP_KERNEL);
	range.hmm_pfns = kunit_kcalloc(test, TEST_PMD_NR,
				       sizeof(*range.hmm_pfns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sub);
	KUNIT_ASSERT_NOT_NULL(test, range.hmm_pfns);
	pmd_swap_go_out(&s);
	test_stat_restart(s.stat);
	pmd = test_pmd(s.tm, s.thp.addr);
	KUNIT_ASSERT_EQ(test, 0,
			mmu_interval_notifier_insert(sub, s.tm->mm, s.thp.addr,
						     PMD_SIZE, &hmm_ops));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, hmm_remove, sub));
	range.notifier = sub;
	range.start = pmd_swap_addr(&s, row->first);
	range.end = range.start + row->nr * PAGE_SIZE;
	range.default_flags = row->flags;

	KUNIT_EXPECT_EQ(test, 0, hmm_fault(s.tm, sub, &range));

	if (!row->flags) {
		/* Not there, and that is no error. */
		for (i = 0; i < row->nr; i++)
			wrong += range.hmm_pfns[i] != 0;
		KUNIT_EXPECT_EQ(test, wrong, 0);
		expect_untouched(s.tm, s.thp.addr, pmd, s.stat);
		TEST_EXPECT_THP(s.tm, s.thp);
		return;
	}
	for (i = 0; i < row->nr; i++) {
		unsigned long pfn = range.hmm_pfns[i];

		if (!(pfn & HMM_PFN_VALID) ||
		    ((row->flags & HMM_PFN_REQ_WRITE) && !(pfn & HMM_PFN_WRITE)) ||
		    word_of(hmm_pfn_to_page(pfn)) !=
		    test_pattern_word(s.thp.seed, row->first + i, 0))
			wrong++;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	TEST_EXPECT_RSS(s.stat, TEST_PMD_NR, -TEST_PMD_NR);
	TEST_EXPECT_THP(s.tm, s.thp);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}
#endif /* CONFIG_HMM_MIRROR */

static void pmd_swap_misc_migrate_vma(struct kunit *test)
{
#ifdef CONFIG_DEVICE_MIGRATION
	struct test_mm *tm = test_mm_create(test);
	struct migrate_vma args = {
		.flags = MIGRATE_VMA_SELECT_SYSTEM,
	};
	struct test_thp thp;
	struct test_stat *stat;
	pmd_t pmd;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	stat = test_stat_begin(tm);
	pmd = test_pmd(tm, thp.addr);
	args.src = kunit_kcalloc(test, TEST_PMD_NR, sizeof(*args.src), GFP_KERNEL);
	args.dst = kunit_kcalloc(test, TEST_PMD_NR, sizeof(*args.dst), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, args.src);
	KUNIT_ASSERT_NOT_NULL(test, args.dst);
	args.start = thp.addr;
	args.end = thp.addr + PMD_SIZE;

	mmap_read_lock(tm->mm);
	args.vma = vma_lookup(tm->mm, thp.addr);
	KUNIT_EXPECT_EQ(test, migrate_vma_setup(&args), 0);
	mmap_read_unlock(tm->mm);

	KUNIT_EXPECT_EQ(test, args.cpages, 0UL);
	expect_untouched(tm, thp.addr, pmd, stat);
	TEST_EXPECT_THP(tm, thp);
#else
	kunit_skip(test, "CONFIG_DEVICE_MIGRATION is off, UML has no device memory");
#endif
}

/* Who goes by the rmap of a folio. */
enum rmap_user {
	RMAP_RECLAIM,
	RMAP_MIGRATE,
	RMAP_MIGRATION_ENTRY,
	RMAP_SPLIT,
	RMAP_REFERENCED,
};

struct rmap_row {
	const char *name;
	enum rmap_user user;
};

static const struct rmap_row rmap_rows[] = {
	{ "reclaim", RMAP_RECLAIM },
	{ "migration", RMAP_MIGRATE },
	{ "migration entry and back", RMAP_MIGRATION_ENTRY },
	{ "split of the folio", RMAP_SPLIT },
	{ "folio_referenced()", RMAP_REFERENCED },
};

KUNIT_ARRAY_PARAM_DESC(rmap, rmap_rows, name);

static struct folio *alloc_target(struct folio *src, unsigned long private)
{
	return folio_alloc(GFP_HIGHUSER_MOVABLE | __GFP_COMP, folio_order(src));
}

static void use_rmap(struct kunit *test, struct folio *folio,
		     enum rmap_user user)
{
	vma_flags_t flags;
	LIST_HEAD(list);

	switch (user) {
	case RMAP_RECLAIM:
	case RMAP_MIGRATE:
		KUNIT_ASSERT_TRUE(test, folio_isolate_lru(folio));
		list_add(&folio->lru, &list);
		folio_put(folio);
		if (user == RMAP_RECLAIM) {
			reclaim_pages(&list);
			break;
		}
		KUNIT_EXPECT_EQ(test, 0,
				migrate_pages(&list, alloc_target, NULL, 0,
					      MIGRATE_SYNC, MR_SYSCALL, NULL));
		if (!list_empty(&list))
			putback_movable_pages(&list);
		break;
	case RMAP_MIGRATION_ENTRY:
		folio_lock(folio);
		try_to_migrate(folio, 0);
		KUNIT_EXPECT_FALSE(test, folio_mapped(folio));
		remove_migration_ptes(folio, folio, 0);
		folio_unlock(folio);
		folio_put(folio);
		break;
	case RMAP_SPLIT:
		folio_lock(folio);
		KUNIT_EXPECT_EQ(test, 0, split_folio(folio));
		folio_unlock(folio);
		folio_put(folio);
		break;
	case RMAP_REFERENCED:
		folio_lock(folio);
		KUNIT_EXPECT_EQ(test, 1, folio_referenced(folio, 1, NULL, &flags));
		KUNIT_EXPECT_EQ(test, 0, folio_referenced(folio, 1, NULL, &flags));
		folio_unlock(folio);
		folio_put(folio);
		break;
	}
}

/*
 * The child has the folio mapped, the parent has a PMD swap entry for it, and
 * both are on the rmap of the folio. Only the child is found.
 */
static void pmd_swap_misc_rmap(struct kunit *test)
{
	const struct rmap_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_ASYNC);
	struct test_stat *stat2;
	struct test_mm *child;
	struct folio *folio;
	long anon, swap;
	softleaf_t first;
	pmd_t pmd;

	pmd_swap_go_out_cached(&s);
	child = test_mm_fork(s.tm);
	fault_until_mapped(child, s.thp.addr, 0);
	stat2 = test_stat_begin(child);
	lru_add_drain_all();
	first = first_slot(&s);
	pmd = test_pmd(s.tm, s.thp.addr);
	folio = test_folio_get(child, s.thp.addr);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_ASSERT_EQ(test, folio_mapcount(folio), 1);
	KUNIT_ASSERT_TRUE(test, folio_test_swapcache(folio));

	/* Drops the reference. */
	use_rmap(test, folio, row->user);

	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(test_pmd(s.tm, s.thp.addr)),
			softleaf_raw_pmd(pmd));
	TEST_EXPECT_RSS(s.stat, -TEST_PMD_NR, TEST_PMD_NR);
	count_mapped(child, s.thp.addr, &anon, &swap);
	TEST_EXPECT_RSS(stat2, anon - TEST_PMD_NR, swap);
	TEST_EXPECT_COUNT(test, first, TEST_PMD_NR,
			  row->user == RMAP_RECLAIM ? 2 : 1);
	KUNIT_EXPECT_EQ(test, test_is_pmd_swap(child, s.thp.addr),
			row->user == RMAP_RECLAIM);
	if (row->user != RMAP_RECLAIM)
		KUNIT_EXPECT_EQ(test, anon, TEST_PMD_NR);
	TEST_EXPECT_THP(child, s.thp);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	TEST_EXPECT_RSS(stat2, 0, 0);
}

/* Ways to lock memory, and whether they want it to be there. */
struct mlock_row {
	const char *name;
	int flags;
	bool all;
};

static const struct mlock_row mlock_rows[] = {
	{ "mlock", 0, false },
	{ "mlock2, MLOCK_ONFAULT", MLOCK_ONFAULT, false },
	{ "mlockall", MCL_CURRENT, true },
	{ "mlockall, MCL_ONFAULT", MCL_CURRENT | MCL_ONFAULT, true },
};

KUNIT_ARRAY_PARAM_DESC(mlock, mlock_rows, name);

static bool is_onfault(const struct mlock_row *row)
{
	return row->flags & (row->all ? MCL_ONFAULT : MLOCK_ONFAULT);
}

static long lock_memory(struct test_mm *tm, const struct mlock_row *row,
			unsigned long addr, bool lock)
{
	struct test_mm *old = test_mm_use(tm);
	long ret;

	if (row->all)
		ret = lock ? test_sys_mlockall(row->flags) :
			     test_sys_munlockall();
	else
		ret = lock ? test_sys_mlock2(addr, PMD_SIZE, row->flags) :
			     test_sys_munlock(addr, PMD_SIZE);
	test_mm_use(old);
	return ret;
}

/*
 * Reclaim leaves locked memory where it is. It may be the first to mark a large
 * folio so: rmap leaves that to it when it maps one.
 */
static void reclaim_locked(struct test_mm *tm, unsigned long addr)
{
	struct folio *folio;
	LIST_HEAD(list);

	lru_add_drain_all();
	folio = test_folio_get(tm, addr);
	KUNIT_ASSERT_NOT_NULL(tm->test, folio);
	if (folio_isolate_lru(folio))
		list_add(&folio->lru, &list);
	folio_put(folio);
	reclaim_pages(&list);
}

static bool is_mlocked(struct test_mm *tm, unsigned long addr)
{
	struct folio *folio;
	bool mlocked;

	lru_add_drain_all();
	folio = test_folio_get(tm, addr);
	KUNIT_ASSERT_NOT_NULL(tm->test, folio);
	mlocked = folio_test_mlocked(folio);
	folio_put(folio);
	return mlocked;
}

static void pmd_swap_misc_mlock(struct kunit *test)
{
	const struct mlock_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	pmd_t pmd;

	pmd_swap_go_out(&s);
	test_stat_restart(s.stat);
	pmd = test_pmd(s.tm, s.thp.addr);

	KUNIT_ASSERT_EQ(test, 0L, lock_memory(s.tm, row, s.thp.addr, true));

	if (is_onfault(row)) {
		expect_untouched(s.tm, s.thp.addr, pmd, s.stat);
		KUNIT_EXPECT_EQ(test, 0L, lock_memory(s.tm, row, s.thp.addr,
						      false));
		expect_untouched(s.tm, s.thp.addr, pmd, s.stat);
		KUNIT_ASSERT_EQ(test, 0L, lock_memory(s.tm, row, s.thp.addr,
						      true));
		fault_until_mapped(s.tm, s.thp.addr, 0);
	}
	reclaim_locked(s.tm, s.thp.addr);
	KUNIT_ASSERT_TRUE(test, test_is_thp(s.tm, s.thp.addr));
	KUNIT_EXPECT_TRUE(test, is_mlocked(s.tm, s.thp.addr));
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
	TEST_EXPECT_RSS(s.stat, TEST_PMD_NR, -TEST_PMD_NR);
	TEST_EXPECT_THP(s.tm, s.thp);
	KUNIT_EXPECT_EQ(test, 0L, lock_memory(s.tm, row, s.thp.addr, false));
	KUNIT_EXPECT_FALSE(test, is_mlocked(s.tm, s.thp.addr));
}

/* A file below /sys/kernel/mm: write @value, or read into @text. */
static int mm_attr(struct kunit *test, const char *name, const char *value,
		   char *text, size_t size)
{
	struct file_system_type *type = get_fs_type("sysfs");
	struct vfsmount *mnt;
	struct file *file;
	char path[80];
	loff_t pos = 0;
	ssize_t ret;

	KUNIT_ASSERT_NOT_NULL(test, type);
	mnt = kern_mount(type);
	put_filesystem(type);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mnt);
	snprintf(path, sizeof(path), "kernel/mm/%s", name);
	file = file_open_root_mnt(mnt, path, value ? O_WRONLY : O_RDONLY, 0);
	ret = PTR_ERR_OR_ZERO(file);
	if (!ret) {
		ret = value ? kernel_write(file, value, strlen(value), &pos) :
			      kernel_read(file, text, size - 1, &pos);
		__fput_sync(file);
	}
	kern_unmount(mnt);
	return ret < 0 ? ret : 0;
}

static void mm_attr_set(struct kunit *test, const char *name, const char *value)
{
	KUNIT_ASSERT_EQ_MSG(test, 0, mm_attr(test, name, value, NULL, 0),
			    "/sys/kernel/mm/%s", name);
}

static long mm_attr_get(struct kunit *test, const char *name)
{
	char text[24] = {};
	long value = 0;

	KUNIT_ASSERT_EQ_MSG(test, 0,
			    mm_attr(test, name, NULL, text, sizeof(text)),
			    "/sys/kernel/mm/%s", name);
	KUNIT_ASSERT_EQ(test, 0, kstrtol(strim(text), 0, &value));
	return value;
}

#define MTHP_ORDER	4

static void mthp_attr(struct kunit *test, char *name, size_t size)
{
	snprintf(name, size, "transparent_hugepage/hugepages-%lukB/enabled",
		 (PAGE_SIZE << MTHP_ORDER) / SZ_1K);
}

static void mthp_off(void *test)
{
	char name[64];

	mthp_attr(test, name, sizeof(name));
	mm_attr(test, name, "never", NULL, 0);
}

/*
 * A large folio of less than PMD size that was read for PTEs is mapped by them,
 * all at once. Only one of PMD size is left to who has a PMD swap entry.
 */
static void pmd_swap_misc_mthp(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	const int nr = 1 << MTHP_ORDER;
	struct folio *folio;
	char name[64];

	pmd_swap_go_out(&s);
	test_pmd_swap_split(s.tm, s.thp);
	mthp_attr(test, name, sizeof(name));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, mthp_off, test));
	/* As MADV_HUGEPAGE says of this memory. */
	mm_attr_set(test, name, "madvise");

	KUNIT_EXPECT_EQ(test, fault_until_mapped(s.tm, s.thp.addr, 0), 1);

	KUNIT_EXPECT_EQ(test, s.disk->reads, nr);
	KUNIT_EXPECT_EQ(test, test_count_ptes(s.tm, s.thp.addr,
					      TEST_PMD_NR).present, nr);
	folio = test_folio_get(s.tm, s.thp.addr);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_EQ(test, folio_order(folio), MTHP_ORDER);
	folio_put(folio);
	expect_rss_as_mapped(&s);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}

/* Only to see a hang; a scan of a few pages takes milliseconds. */
#define SCAN_LIMIT	(10 * HZ)

/* Until a counter of scans says that there were @nr more. */
static void wait_for_scans(struct kunit *test, const char *name, long nr)
{
	long wanted = mm_attr_get(test, name) + nr;
	unsigned long limit = jiffies + SCAN_LIMIT;

	while (mm_attr_get(test, name) < wanted && time_before(jiffies, limit))
		schedule_timeout_interruptible(1);
	KUNIT_EXPECT_GE_MSG(test, mm_attr_get(test, name), wanted,
			    "/sys/kernel/mm/%s", name);
}

#define KHUGEPAGED(file)	"transparent_hugepage/khugepaged/" file

static void khugepaged_rest(void *test)
{
	char pages[12];

	/* As they are after boot. */
	snprintf(pages, sizeof(pages), "%d", 8 * HPAGE_PMD_NR);
	mm_attr(test, KHUGEPAGED("scan_sleep_millisecs"), "10000", NULL, 0);
	mm_attr(test, KHUGEPAGED("pages_to_scan"), pages, NULL, 0);
}

/* It makes the small pages beside it huge, and has no business with the entry. */
static void pmd_swap_misc_khugepaged(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp, small;
	struct test_stat *stat;
	pmd_t pmd;

	test_pmd_swap_on(tm);
	small = test_small_map(tm);
	thp = test_pmd_swap_map(tm);
	stat = test_stat_begin(tm);
	pmd = test_pmd(tm, thp.addr);
	/* By this the fixture keeps khugepaged out of its address spaces. */
	mm_flags_clear(MMF_VM_HUGEPAGE, tm->mm);
	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(tm, thp.addr, PMD_SIZE,
						 MADV_HUGEPAGE));
	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(tm, small.addr, PMD_SIZE,
						 MADV_HUGEPAGE));

	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   khugepaged_rest,
							   test));
	mm_attr_set(test, KHUGEPAGED("pages_to_scan"), "1000000");
	mm_attr_set(test, KHUGEPAGED("scan_sleep_millisecs"), "0");
	/* One may have begun behind them. */
	wait_for_scans(test, KHUGEPAGED("full_scans"), 2);

	KUNIT_EXPECT_TRUE_MSG(test, test_is_thp(tm, small.addr),
			      "khugepaged has not scanned the address space");
	expect_untouched(tm, thp.addr, pmd, stat);
	TEST_EXPECT_THP(tm, small);
	TEST_EXPECT_THP(tm, thp);
}

#ifdef CONFIG_KSM
static void ksm_stop(void *test)
{
	mm_attr(test, "ksm/run", "0", NULL, 0);
	mm_attr(test, "ksm/sleep_millisecs", "20", NULL, 0);
	mm_attr(test, "ksm/pages_to_scan", "100", NULL, 0);
}

/* What KSM merges is the same beside it; the entry is not KSM's business. */
static void pmd_swap_misc_ksm(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	unsigned long twins, addr[2];
	struct folio *folio;
	struct test_thp thp;
	struct test_stat *stat;
	pmd_t pmd;
	int i;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	twins = test_mm_map(tm, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, 0);
	for (i = 0; i < 2; i++) {
		addr[i] = twins + i * PAGE_SIZE;
		KUNIT_ASSERT_EQ(test, 0, test_pattern_fill(tm, addr[i], 1,
							   thp.seed, 0));
	}
	stat = test_stat_begin(tm);
	pmd = test_pmd(tm, thp.addr);

	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(tm, thp.addr, PMD_SIZE,
						 MADV_MERGEABLE));
	KUNIT_ASSERT_EQ(test, 0, test_mm_madvise(tm, twins, 2 * PAGE_SIZE,
						 MADV_MERGEABLE));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, ksm_stop, test));
	mm_attr_set(test, "ksm/sleep_millisecs", "0");
	mm_attr_set(test, "ksm/pages_to_scan", "10000");
	mm_attr_set(test, "ksm/run", "1");
	/* A page is merged when it is seen for the second time. */
	wait_for_scans(test, "ksm/full_scans", 3);
	mm_attr_set(test, "ksm/run", "0");

	folio = test_folio_get(tm, twins);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_EXPECT_TRUE_MSG(test, folio_test_ksm(folio),
			      "KSM has not scanned the address space");
	folio_put(folio);
	expect_untouched(tm, thp.addr, pmd, stat);
	KUNIT_EXPECT_EQ(test, 0, test_mm_madvise(tm, thp.addr, PMD_SIZE,
						 MADV_UNMERGEABLE));
	KUNIT_EXPECT_EQ(test, 0, test_mm_madvise(tm, twins, 2 * PAGE_SIZE,
						 MADV_UNMERGEABLE));
	expect_untouched(tm, thp.addr, pmd, stat);
	TEST_EXPECT_PATTERN(tm, addr[0], 1, thp.seed);
	TEST_EXPECT_PATTERN(tm, addr[1], 1, thp.seed);
	TEST_EXPECT_THP(tm, thp);
}
#endif /* CONFIG_KSM */

#ifdef CONFIG_NUMA
/* Whether numa_maps counts pages in the mapping that @addr is in. */
static bool numa_maps_counts(struct test_mm *tm, unsigned long addr)
{
	const char *text = test_proc_read(tm, "numa_maps"), *line, *end;
	struct vm_area_struct *vma;
	char start[20];

	mmap_read_lock(tm->mm);
	vma = vma_lookup(tm->mm, addr);
	snprintf(start, sizeof(start), "%08lx ", vma ? vma->vm_start : 0);
	mmap_read_unlock(tm->mm);
	line = strstr(text, start);
	KUNIT_ASSERT_NOT_NULL(tm->test, line);
	end = strchrnul(line, '\n');
	return strnstr(line, " anon=", end - line);
}

/*
 * With MPOL_MF_STRICT mbind() gives -EIO if there is what it could not move. In
 * swap there is nothing to move: it is read back to where the policy says.
 */
static void pmd_swap_misc_mempolicy(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test), *old;
	unsigned long nodes = BIT(0), arg;
	struct test_stat *stat;
	struct test_thp thp;
	pmd_t pmd;
	long ret;

	test_pmd_swap_on(tm);
	thp = test_thp_map(tm);
	KUNIT_EXPECT_TRUE(test, numa_maps_counts(tm, thp.addr));
	test_pmd_swap_out(tm, thp);
	stat = test_stat_begin(tm);
	pmd = test_pmd(tm, thp.addr);

	KUNIT_EXPECT_FALSE(test, numa_maps_counts(tm, thp.addr));
	arg = test_mm_put_arg(tm, &nodes, sizeof(nodes));
	old = test_mm_use(tm);
	ret = test_sys_mbind(thp.addr, PMD_SIZE, MPOL_BIND, arg,
			     BITS_PER_LONG, MPOL_MF_STRICT | MPOL_MF_MOVE);
	test_mm_use(old);

	KUNIT_EXPECT_EQ(test, ret, 0L);
	expect_untouched(tm, thp.addr, pmd, stat);
	TEST_EXPECT_THP(tm, thp);
}
#endif /* CONFIG_NUMA */

#ifdef CONFIG_DAMON_VADDR
static pmd_t exchange_pmd(struct test_mm *tm, unsigned long addr, pmd_t new)
{
	pmd_t old, *pmd;
	spinlock_t *ptl; /* of @pmd */

	mmap_write_lock(tm->mm);
	pmd = mm_find_pmd(tm->mm, addr);
	ptl = pmd_lock(tm->mm, pmd);
	old = pmdp_get(pmd);
	set_pmd(pmd, new);
	spin_unlock(ptl);
	mmap_write_unlock(tm->mm);
	return old;
}

static void damon_destroy(void *ctx)
{
	damon_destroy_ctx(ctx);
}

/* What kdamond does: once over all regions, with a sample in each. */
static void damon_sample(struct test_mm *tm, unsigned long addr)
{
	struct damon_addr_range range = { addr, addr + PMD_SIZE };
	struct kunit *test = tm->test;
	struct damon_target *target;
	struct damon_ctx *ctx;
	int i;

	ctx = damon_new_ctx();
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, damon_destroy, ctx));
	KUNIT_ASSERT_EQ(test, 0, damon_select_ops(ctx, DAMON_OPS_VADDR));
	target = damon_new_target();
	KUNIT_ASSERT_NOT_NULL(test, target);
	damon_add_target(ctx, target);
	target->pid = get_task_pid(test_mm_task(tm), PIDTYPE_PID);
	KUNIT_ASSERT_EQ(test, 0, damon_set_regions(target, &range, 1, PAGE_SIZE));
	for (i = 0; i < 4; i++) {
		ctx->ops.prepare_access_checks(ctx);
		ctx->ops.check_accesses(ctx);
	}
}

static void damon_mkold(struct test_mm *tm, unsigned long addr)
{
	struct vm_area_struct *vma;
	spinlock_t *ptl; /* of @pmd */
	pmd_t *pmd;

	mmap_read_lock(tm->mm);
	vma = vma_lookup(tm->mm, addr);
	pmd = mm_find_pmd(tm->mm, addr);
	ptl = pmd_lock(tm->mm, pmd);
	damon_pmdp_mkold(pmd, vma, addr);
	spin_unlock(ptl);
	mmap_read_unlock(tm->mm);
}

/*
 * A swap entry whose offset is the PFN of a huge page that somebody has mapped:
 * who takes it for a PFN makes that page idle.
 */
static void pmd_swap_misc_damon_offset(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_thp other = test_thp_map(s.tm);
	struct folio *folio;
	bool sampled, old;
	pmd_t pmd;

	pmd_swap_go_out(&s);
	lru_add_drain_all();
	folio = test_folio_get(s.tm, other.addr);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	folio_clear_idle(folio);
	/* Before the PMD is one that nobody could clean up. */
	test_mm_task(s.tm);

	pmd = exchange_pmd(s.tm, s.thp.addr,
			   softleaf_to_pmd(swp_entry(s.swap->si->type,
						     folio_pfn(folio))));
	damon_mkold(s.tm, s.thp.addr);
	old = folio_test_idle(folio);
	folio_clear_idle(folio);
	damon_sample(s.tm, s.thp.addr);
	sampled = folio_test_idle(folio);
	exchange_pmd(s.tm, s.thp.addr, pmd);

	KUNIT_EXPECT_FALSE_MSG(test, old, "damon_pmdp_mkold()");
	KUNIT_EXPECT_FALSE_MSG(test, sampled, "a sample of DAMON");
	/* The control: what is mapped does get idle. */
	damon_mkold(s.tm, other.addr);
	KUNIT_EXPECT_TRUE(test, folio_test_idle(folio));
	folio_clear_idle(folio);
	folio_put(folio);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_THP(s.tm, other);
}

/* Cached or not, DAMON sees no access and does not read anything. */
static void pmd_swap_misc_damon(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp;
	struct test_stat *stat;
	pmd_t pmd;

	test_pmd_swap_on(tm);
	thp = test_pmd_swap_map(tm);
	stat = test_stat_begin(tm);
	pmd = test_pmd(tm, thp.addr);

	damon_mkold(tm, thp.addr);
	damon_sample(tm, thp.addr);

	expect_untouched(tm, thp.addr, pmd, stat);
	TEST_EXPECT_THP(tm, thp);
}

#ifdef CONFIG_MIGRATION
/* The control: of what is only being moved the entry does say where it is. */
static void pmd_swap_misc_damon_migration(struct kunit *test)
{
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp = test_thp_map(tm);
	struct folio *folio;
	bool migration, old;

	if (!thp_migration_supported())
		kunit_skip(test, "no migration entries in PMDs");
	lru_add_drain_all();
	folio = test_folio_get(tm, thp.addr);
	KUNIT_ASSERT_NOT_NULL(test, folio);
	folio_clear_idle(folio);
	folio_lock(folio);
	try_to_migrate(folio, 0);
	migration = pmd_is_migration_entry(test_pmd(tm, thp.addr));
	damon_mkold(tm, thp.addr);
	old = folio_test_idle(folio);
	remove_migration_ptes(folio, folio, 0);
	folio_clear_idle(folio);
	folio_unlock(folio);
	folio_put(folio);

	KUNIT_EXPECT_TRUE(test, migration);
	KUNIT_EXPECT_TRUE_MSG(test, old, "damon_pmdp_mkold()");
	KUNIT_EXPECT_TRUE(test, test_is_thp(tm, thp.addr));
	TEST_EXPECT_THP(tm, thp);
}
#endif
#endif /* CONFIG_DAMON_VADDR */

/* Ways into the memory of another process. */
enum way {
	WAY_ACCESS_PROCESS_VM,
	WAY_PROC_MEM,
	WAY_PROCESS_VM_READV,
};

struct way_row {
	const char *name;
	enum way way;
	unsigned int page;
};

static const struct way_row way_rows[] = {
	{ "access_process_vm(), first page", WAY_ACCESS_PROCESS_VM, 0 },
	{ "access_process_vm(), last page", WAY_ACCESS_PROCESS_VM,
	  HPAGE_PMD_NR - 1 },
	{ "/proc/<pid>/mem, page in the middle", WAY_PROC_MEM,
	  HPAGE_PMD_NR / 2 },
	{ "/proc/<pid>/mem, last page", WAY_PROC_MEM, HPAGE_PMD_NR - 1 },
	{ "process_vm_readv(), first page", WAY_PROCESS_VM_READV, 0 },
	{ "process_vm_readv(), page in the middle", WAY_PROCESS_VM_READV,
	  HPAGE_PMD_NR / 2 },
};

KUNIT_ARRAY_PARAM_DESC(way, way_rows, name);

/* The page at @addr of @tm, as it is read by @reader. */
static long read_other(struct test_mm *reader, struct test_mm *tm, enum way way,
		       unsigned long addr, u8 *buf)
{
	struct task_struct *task = test_mm_task(tm);
	unsigned long to = reader->scratch + PAGE_SIZE;
	struct iovec iov[2] = {
		{ (void __user *)to, PAGE_SIZE },
		{ (void __user *)addr, PAGE_SIZE },
	};
	struct kunit *test = tm->test;
	struct test_mm *old;
	unsigned long arg;
	struct file *file;
	loff_t pos = addr;
	long ret;

	switch (way) {
	case WAY_ACCESS_PROCESS_VM:
		return access_process_vm(task, addr, buf, PAGE_SIZE, FOLL_FORCE);
	case WAY_PROC_MEM:
		file = test_proc_open(tm, "mem", O_RDONLY);
		old = test_mm_use(reader);
		ret = vfs_read(file, (void __user *)to, PAGE_SIZE, &pos);
		test_mm_use(old);
		break;
	default:
		arg = test_mm_put_arg(reader, iov, sizeof(iov));
		old = test_mm_use(reader);
		ret = test_sys_process_vm_readv(task_tgid_nr(task), arg,
						arg + sizeof(iov[0]));
		test_mm_use(old);
		if (ret == -EOPNOTSUPP)
			kunit_skip(test, "CONFIG_CROSS_MEMORY_ATTACH is off");
		break;
	}
	KUNIT_ASSERT_EQ(test, 0, test_mm_read(reader, buf, to, PAGE_SIZE));
	return ret;
}

static void pmd_swap_misc_read_other(struct kunit *test)
{
	const struct way_row *row = test->param_value;
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *reader = test_mm_create(test);
	u8 *buf = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	int wrong = 0;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	pmd_swap_go_out(&s);

	KUNIT_EXPECT_EQ(test, (long)PAGE_SIZE,
			read_other(reader, s.tm, row->way,
				   pmd_swap_addr(&s, row->page), buf));

	for (i = 0; i < PAGE_SIZE; i += sizeof(u64))
		wrong += *(u64 *)(buf + i) !=
			 test_pattern_word(s.thp.seed, row->page, i);
	KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "words with other data");
	expect_back_huge(&s);
	KUNIT_EXPECT_EQ(test, s.disk->reads, TEST_PMD_NR);
}

/* And writes, of a debugger. */
static void pmd_swap_misc_write_other(struct kunit *test)
{
	struct pmd_swap s = pmd_swap_begin(test, DISK_SYNC);
	struct test_mm *child;
	u32 seed = test_pattern_new_seed();
	u64 *buf = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (i = 0; i < PAGE_SIZE / sizeof(u64); i++)
		buf[i] = test_pattern_word(seed, MIDDLE, i * sizeof(u64));
	pmd_swap_go_out(&s);
	child = test_mm_fork(s.tm);

	KUNIT_EXPECT_EQ(test, (int)PAGE_SIZE,
			access_process_vm(child->task, pmd_swap_addr(&s, MIDDLE),
					  buf, PAGE_SIZE,
					  FOLL_FORCE | FOLL_WRITE));

	expect_rewritten(child, s.thp, MIDDLE, seed);
	TEST_EXPECT_THP(s.tm, s.thp);
	TEST_EXPECT_RSS(s.stat, 0, 0);
}

/*
 * The checks on each change of a page table, of which there is one in each
 * step here: protected, moved to swap, protected there, split, and back.
 */
static void pmd_swap_misc_page_table_check(struct kunit *test)
{
#ifdef CONFIG_PAGE_TABLE_CHECK
	struct test_mm *tm = test_mm_create(test);
	struct test_thp thp, split;
	struct test_uffd uffd;

	if (!pgtable_supports_uffd())
		kunit_skip(test, "no userfaultfd bit here");
	test_pmd_swap_on(tm);
	thp = test_thp_map(tm);
	split = test_thp_map(tm);
	uffd = test_uffd_open(tm, UFFD_FEATURE_SIGBUS);
	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_register(&uffd, thp.addr, PMD_SIZE,
					   UFFDIO_REGISTER_MODE_WP));
	KUNIT_ASSERT_EQ(test, 0,
			test_uffd_register(&uffd, split.addr, PMD_SIZE,
					   UFFDIO_REGISTER_MODE_WP));

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, 0, test_uffd_wp(&uffd, thp.addr, PMD_SIZE,
						      true));
		test_pmd_swap_out(tm, thp);
		test_pmd_swap_out(tm, split);
		KUNIT_EXPECT_EQ(test, 0, test_uffd_wp(&uffd, split.addr,
						      PMD_SIZE, true));
		KUNIT_EXPECT_TRUE(test, pmd_swp_uffd(test_pmd(tm, thp.addr)));
		KUNIT_EXPECT_TRUE(test, pmd_swp_uffd(test_pmd(tm, split.addr)));
		KUNIT_EXPECT_EQ(test, 0, test_uffd_wp(&uffd, thp.addr, PMD_SIZE,
						      false));
		KUNIT_EXPECT_EQ(test, 0, test_uffd_wp(&uffd, thp.addr, PMD_SIZE,
						      true));
		test_pmd_swap_split(tm, split);
		TEST_EXPECT_THP(tm, split);
		TEST_EXPECT_THP(tm, thp);
		KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(tm, thp.addr, PMD_SIZE));
		KUNIT_EXPECT_EQ(test, 0, test_mm_munmap(tm, split.addr,
							PMD_SIZE));
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
#else
	kunit_skip(test, "needs PAGE_TABLE_CHECK: in the debug flavour");
#endif
}

static int pmd_swap_misc_init(struct kunit *test)
{
	test_pmd_swap_require(test);
	return 0;
}

static struct kunit_case pmd_swap_misc_cases[] = {
	KUNIT_CASE(pmd_swap_misc_coredump),
	KUNIT_CASE_PARAM(pmd_swap_misc_gup, gup_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_misc_gup_nofault,
			 test_pmd_swap_area_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_misc_folio_walk,
			 test_pmd_swap_area_gen_params),
#ifdef CONFIG_HMM_MIRROR
	KUNIT_CASE_PARAM(pmd_swap_misc_hmm, hmm_gen_params),
#endif
	KUNIT_CASE(pmd_swap_misc_migrate_vma),
	KUNIT_CASE_PARAM(pmd_swap_misc_rmap, rmap_gen_params),
	KUNIT_CASE_PARAM(pmd_swap_misc_mlock, mlock_gen_params),
	KUNIT_CASE(pmd_swap_misc_mthp),
	KUNIT_CASE_PARAM(pmd_swap_misc_khugepaged,
			 test_pmd_swap_area_gen_params),
#ifdef CONFIG_KSM
	KUNIT_CASE_PARAM(pmd_swap_misc_ksm, test_pmd_swap_area_gen_params),
#endif
#ifdef CONFIG_NUMA
	KUNIT_CASE(pmd_swap_misc_mempolicy),
#endif
#ifdef CONFIG_DAMON_VADDR
	KUNIT_CASE(pmd_swap_misc_damon_offset),
	KUNIT_CASE_PARAM(pmd_swap_misc_damon, test_pmd_swap_area_gen_params),
#ifdef CONFIG_MIGRATION
	KUNIT_CASE(pmd_swap_misc_damon_migration),
#endif
#endif
	KUNIT_CASE_PARAM(pmd_swap_misc_read_other, way_gen_params),
	KUNIT_CASE(pmd_swap_misc_write_other),
	KUNIT_CASE(pmd_swap_misc_page_table_check),
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
