// SPDX-License-Identifier: GPL-2.0
/*
 * Page table walkers that meet a PMD softleaf: they ask whether it has a PFN
 * before they take one out of it. The softleaf stands where a huge page is
 * mapped, and the huge page comes back when the case ends.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf \
 *		--kconfig_add CONFIG_SOFTLEAF_WALKERS_KUNIT_TEST=y 'softleaf_walkers'
 */
#include <kunit/test.h>

#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pgtable.h>
#include <linux/swap.h>

#include "fixtures/fixtures.h"
#include "softleaf_helpers.h"
#include "softleaf_kinds.h"

#include "../../internal.h"

/**
 * struct planted - a PMD softleaf in place of a mapped huge page
 * @tm: the address space
 * @addr: where
 * @huge: what was there, and will be again
 */
struct planted {
	struct test_mm *tm;
	unsigned long addr;
	pmd_t huge;
};

static pmd_t exchange_pmd(struct test_mm *tm, unsigned long addr, pmd_t pmd)
{
	pmd_t *pmdp = mm_find_pmd(tm->mm, addr);
	spinlock_t *ptl = pmd_lock(tm->mm, pmdp);
	pmd_t old;

	old = pmdp_huge_get_and_clear(tm->mm, addr, pmdp);
	set_pmd_at(tm->mm, addr, pmdp, pmd);
	spin_unlock(ptl);
	/* UML walks the VMAs for this. */
	mmap_read_lock(tm->mm);
	flush_tlb_mm(tm->mm);
	mmap_read_unlock(tm->mm);
	return old;
}

static void dig_up(void *data)
{
	struct planted *p = data;

	exchange_pmd(p->tm, p->addr, p->huge);
}

/* A new huge page in @tm, and @entry in its place. Aborts on failure. */
static unsigned long plant(struct test_mm *tm, softleaf_t entry)
{
	struct planted *p = kunit_kzalloc(tm->test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(tm->test, p);
	p->tm = tm;
	p->addr = test_thp_map(tm).addr;
	p->huge = exchange_pmd(tm, p->addr, softleaf_to_pmd(entry));
	KUNIT_ASSERT_EQ(tm->test, 0, kunit_add_action_or_reset(tm->test, dig_up, p));
	return p->addr;
}

/*
 * A swap entry whose offset is the PFN of a page that is not anonymous: who
 * takes it for a PFN finds a page, and says so.
 */
static softleaf_t misleading_swap_entry(struct kunit *test)
{
	return swp_entry(MAX_SWAPFILES - 1, folio_pfn(alloc_locked_folio(test)));
}

static void expect_pagemap(struct kunit *test, softleaf_t entry, u64 flags)
{
	struct test_mm *tm = test_mm_create(test);
	const unsigned long addr = plant(tm, entry);
	u64 *entries;
	int i;

	entries = kunit_kcalloc(test, TEST_PMD_NR, sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);

	rearm_warnings();
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, test_pagemap(tm, addr, TEST_PMD_NR, entries), 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}

	for (i = 0; i < TEST_PMD_NR; i++) {
		const u64 frame = swp_type(entry) |
				  (u64)(swp_offset(entry) + i) << MAX_SWAPFILES_SHIFT;

		KUNIT_ASSERT_EQ_MSG(test, entries[i] & TEST_PM_PFRAME,
				    frame & TEST_PM_PFRAME, "page %d", i);
		KUNIT_ASSERT_EQ_MSG(test, entries[i] & ~(TEST_PM_PFRAME | TEST_PM_SOFT_DIRTY),
				    flags, "page %d", i);
	}
}

/* No PFN, so no page to say "file" about; the slot of each page all the same. */
static void softleaf_walkers_test_pagemap_swap(struct kunit *test)
{
	expect_pagemap(test, misleading_swap_entry(test), TEST_PM_SWAP);
}

#ifdef CONFIG_MIGRATION
/* The control: with a PFN it is a page, and that of this case is "file". */
static void softleaf_walkers_test_pagemap_migration(struct kunit *test)
{
	struct folio *folio = alloc_locked_folio(test);

	expect_pagemap(test, make_readable_migration_entry(folio_pfn(folio)),
		       TEST_PM_SWAP | TEST_PM_FILE);
}
#endif

/* What mprotect(PROT_READ) makes of @entry, without a warning. */
static pmd_t mprotect_softleaf(struct kunit *test, softleaf_t entry)
{
	struct test_mm *tm = test_mm_create(test);
	const unsigned long addr = plant(tm, entry);
	pmd_t pmd;

	rearm_warnings();
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, test_mm_mprotect(tm, addr, PMD_SIZE, PROT_READ), 0);
		pmd = test_pmd(tm, addr);
		/* The huge page that comes back is mapped writable. */
		KUNIT_EXPECT_EQ(test, test_mm_mprotect(tm, addr, PMD_SIZE,
						       PROT_READ | PROT_WRITE), 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	return pmd;
}

/* No PFN, so no folio to ask whether it is anonymous. */
static void softleaf_walkers_test_mprotect_swap(struct kunit *test)
{
#ifdef TREE_HAS_PMD_SWAP_ENTRIES
	const softleaf_t entry = misleading_swap_entry(test);
	const pmd_t pmd = mprotect_softleaf(test, entry);

	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(pmd), softleaf_raw_pmd(softleaf_to_pmd(entry)));
#else
	kunit_skip(test, "every PMD softleaf of this tree has a PFN");
#endif
}

#ifdef CONFIG_MIGRATION
/* With a PFN the folio decides what becomes of a writable entry. */
static void softleaf_walkers_test_mprotect_migration(struct kunit *test)
{
	const unsigned long pfn = folio_pfn(alloc_locked_folio(test));
	pmd_t pmd;

	pmd = mprotect_softleaf(test, make_writable_migration_entry(pfn));
	KUNIT_EXPECT_EQ(test, softleaf_from_pmd(pmd).val, make_readable_migration_entry(pfn).val);

	pmd = mprotect_softleaf(test, make_readable_exclusive_migration_entry(pfn));
	KUNIT_EXPECT_EQ(test, softleaf_from_pmd(pmd).val,
			make_readable_exclusive_migration_entry(pfn).val);
}
#endif

#ifdef CONFIG_DEVICE_MIGRATION
/* No device private entry, so nothing to collect and no folio to look for. */
static void softleaf_walkers_test_migrate_vma_swap(struct kunit *test)
{
	const softleaf_t entry = misleading_swap_entry(test);
	struct test_mm *tm = test_mm_create(test);
	const unsigned long addr = plant(tm, entry);
	struct migrate_vma args = {
		.start = addr,
		.end = addr + PMD_SIZE,
		.flags = MIGRATE_VMA_SELECT_SYSTEM | MIGRATE_VMA_SELECT_DEVICE_PRIVATE |
			 MIGRATE_VMA_SELECT_COMPOUND,
	};

	args.src = kunit_kcalloc(test, TEST_PMD_NR, sizeof(*args.src), GFP_KERNEL);
	args.dst = kunit_kcalloc(test, TEST_PMD_NR, sizeof(*args.dst), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, args.src);
	KUNIT_ASSERT_NOT_NULL(test, args.dst);

	mmap_read_lock(tm->mm);
	args.vma = vma_lookup(tm->mm, addr);
	rearm_warnings();
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, migrate_vma_setup(&args), 0);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	mmap_read_unlock(tm->mm);

	KUNIT_EXPECT_EQ(test, args.cpages, 0UL);
	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(test_pmd(tm, addr)),
			softleaf_raw_pmd(softleaf_to_pmd(entry)));
}
#endif

static struct kunit_case softleaf_walkers_test_cases[] = {
#if PMD_SOFTLEAVES
	KUNIT_CASE(softleaf_walkers_test_pagemap_swap),
#ifdef CONFIG_MIGRATION
	KUNIT_CASE(softleaf_walkers_test_pagemap_migration),
#endif
	KUNIT_CASE(softleaf_walkers_test_mprotect_swap),
#ifdef CONFIG_MIGRATION
	KUNIT_CASE(softleaf_walkers_test_mprotect_migration),
#endif
#ifdef CONFIG_DEVICE_MIGRATION
	KUNIT_CASE(softleaf_walkers_test_migrate_vma_swap),
#endif
#endif /* PMD_SOFTLEAVES */
	{}
};

static struct kunit_suite softleaf_walkers_test_suite = {
	.name = "softleaf_walkers",
	.test_cases = softleaf_walkers_test_cases,
};

kunit_test_suite(softleaf_walkers_test_suite);
