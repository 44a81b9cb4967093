// SPDX-License-Identifier: GPL-2.0
/*
 * The encoding of softleaf entries in a PMD: every kind, every flag and every
 * offset bit the architecture holds. No constant of an architecture is typed
 * in here, the same source runs on all of them.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf \
 *		--arch=x86_64 'pmd_softleaf_encoding'
 */
#include <kunit/test.h>

#include <linux/mm.h>
#include <linux/pgalloc.h>
#include <linux/pgtable.h>
#include <linux/swap.h>
#include <linux/userfaultfd_k.h>

#include "softleaf_helpers.h"
#include "softleaf_kinds.h"

#if PMD_SOFTLEAVES

/* The flags a PMD carries beside the entry. Wrapped: some are macros. */
struct swp_flag {
	const char *name;
	bool (*supported)(void);
	pmd_t (*set)(pmd_t pmd);
	pmd_t (*clear)(pmd_t pmd);
	bool (*test)(pmd_t pmd);
};

#define DEFINE_SWP_FLAG(flag, mk, clr, is, has)				\
	static pmd_t flag##_set(pmd_t pmd) { return mk(pmd); }		\
	static pmd_t flag##_clear(pmd_t pmd) { return clr(pmd); }	\
	static bool flag##_test(pmd_t pmd) { return is(pmd); }		\
	static bool flag##_supported(void) { return has; }

#define SWP_FLAG(text, flag)						\
	{ text, flag##_supported, flag##_set, flag##_clear, flag##_test }

DEFINE_SWP_FLAG(soft_dirty, pmd_swp_mksoft_dirty, pmd_swp_clear_soft_dirty,
		pmd_swp_soft_dirty, pgtable_supports_soft_dirty())
DEFINE_SWP_FLAG(uffd, pmd_swp_mkuffd, pmd_swp_clear_uffd,
		pmd_swp_uffd, pgtable_supports_uffd())
#ifdef TREE_HAS_PMD_SWP_EXCLUSIVE
DEFINE_SWP_FLAG(exclusive, pmd_swp_mkexclusive, pmd_swp_clear_exclusive,
		pmd_swp_exclusive, true)
#endif

static const struct swp_flag swp_flags[] = {
	SWP_FLAG("soft-dirty", soft_dirty),
	SWP_FLAG("uffd", uffd),
#ifdef TREE_HAS_PMD_SWP_EXCLUSIVE
	SWP_FLAG("exclusive", exclusive),
#endif
};

#define NR_FLAGS		ARRAY_SIZE(swp_flags)
#define NR_FLAG_COMBINATIONS	BIT(NR_FLAGS)

static bool combination_supported(unsigned int flags)
{
	unsigned int f;

	for (f = 0; f < NR_FLAGS; f++) {
		if ((flags & BIT(f)) && !swp_flags[f].supported())
			return false;
	}
	return true;
}

static pmd_t set_flags(pmd_t pmd, unsigned int flags)
{
	unsigned int f;

	for (f = 0; f < NR_FLAGS; f++) {
		if (flags & BIT(f))
			pmd = swp_flags[f].set(pmd);
	}
	return pmd;
}

static unsigned int get_flags(pmd_t pmd)
{
	unsigned int flags = 0, f;

	for (f = 0; f < NR_FLAGS; f++) {
		if (swp_flags[f].test(pmd))
			flags |= BIT(f);
	}
	return flags;
}

/*
 * How many low offset bits come back out of a PMD, each on its own. Nothing
 * here says that these are enough: pmd_softleaf_test_offset_bits() does.
 */
static unsigned int pmd_offset_bits(void)
{
	unsigned int bits;

	for (bits = 0; bits < SWP_TYPE_SHIFT; bits++) {
		const softleaf_t entry = swp_entry(1, BIT(bits));

		if (softleaf_from_pmd(softleaf_to_pmd(entry)).val != entry.val)
			break;
	}
	return bits;
}

static unsigned int pte_offset_bits(void)
{
	unsigned int bits;

	for (bits = 0; bits < SWP_TYPE_SHIFT; bits++) {
		const softleaf_t entry = swp_entry(1, BIT(bits));

		if (softleaf_from_pte(softleaf_to_pte(entry)).val != entry.val)
			break;
	}
	return bits;
}

static pgoff_t largest_offset(void)
{
	return GENMASK(pmd_offset_bits() - 1, 0) & SWP_OFFSET_MASK;
}

/**
 * struct point - one PMD softleaf under test
 * @kind: its kind; NULL when it is only a type number
 * @offset: what @entry was made with
 * @flags: the flags set in @pmd, BIT(index in swp_flags)
 * @entry: the entry
 * @pmd: the entry as a PMD, with @flags
 */
struct point {
	const struct softleaf_kind *kind;
	pgoff_t offset;
	unsigned int flags;
	softleaf_t entry;
	pmd_t pmd;
};

#define DESCRIPTION_SIZE	256

/* For a failure message: everything it takes to see the entry again. */
static const char *describe(struct kunit *test, const struct point *p)
{
	char *text = kunit_kzalloc(test, DESCRIPTION_SIZE, GFP_KERNEL);
	unsigned int f;
	int n;

	if (!text)
		return "out of memory";

	n = scnprintf(text, DESCRIPTION_SIZE,
		      "%s %luK pages: %s, type %u, offset %#lx, raw %#llx, flags",
		      SOFTLEAF_ARCH, PAGE_SIZE / SZ_1K, p->kind ? p->kind->name : "bare",
		      swp_type(p->entry), p->offset, softleaf_raw_pmd(p->pmd));
	for (f = 0; f < NR_FLAGS; f++) {
		if (p->flags & BIT(f))
			n += scnprintf(text + n, DESCRIPTION_SIZE - n, " %s", swp_flags[f].name);
	}
	if (!p->flags)
		scnprintf(text + n, DESCRIPTION_SIZE - n, " none");
	return text;
}

/* Asserts, so that a defect is told once and not for a thousand offsets. */
#define ASSERT_AT(p, left, right)					\
	KUNIT_ASSERT_EQ_MSG(test, left, right, "%s", describe(test, p))

typedef void (*check_fn)(struct kunit *test, const struct point *p);

static void check_all_flags(struct kunit *test, struct point *p, check_fn check)
{
	const pmd_t plain = softleaf_to_pmd(p->entry);

	for (p->flags = 0; p->flags < NR_FLAG_COMBINATIONS; p->flags++) {
		if (!combination_supported(p->flags))
			continue;
		p->pmd = set_flags(plain, p->flags);
		check(test, p);
	}
}

/* The offsets worth a look: 0, each bit, whole PMDs, the largest. */
static unsigned int interesting_offsets(pgoff_t *offsets)
{
	const unsigned int bits = pmd_offset_bits();
	const pgoff_t largest = largest_offset();
	unsigned int n = 0, bit;

	offsets[n++] = 0;
	for (bit = 0; bit < bits; bit++)
		offsets[n++] = BIT(bit);
	offsets[n++] = HPAGE_PMD_NR;
	offsets[n++] = 3 * HPAGE_PMD_NR;
	offsets[n++] = round_down(largest, HPAGE_PMD_NR);
	offsets[n++] = largest - 1;
	offsets[n++] = largest;
	return n;
}

#define MAX_INTERESTING_OFFSETS	(BITS_PER_LONG + 6)

/*
 * An entry an architecture has no PMD for but the empty one. Besides none this
 * may be the last offset of type 0, where offsets are stored inverted (x86): no
 * swap area is that large, read_swap_header() keeps slots below UINT_MAX.
 */
static bool encoded_as_empty(struct kunit *test, const struct point *p)
{
	if (!pmd_none(softleaf_to_pmd(p->entry)))
		return false;
	if (!softleaf_is_none(p->entry)) {
		KUNIT_ASSERT_EQ(test, swp_type(p->entry), 0);
		KUNIT_ASSERT_GT(test, p->offset, UINT_MAX);
	}
	return true;
}

/* Every interesting offset with every combination of flags. */
static void check_kind(struct kunit *test, check_fn check)
{
	const struct softleaf_kind *kind = test->param_value;
	pgoff_t offsets[MAX_INTERESTING_OFFSETS];
	const unsigned int nr = interesting_offsets(offsets);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct point p = {
			.kind = kind,
			.offset = offsets[i],
			.entry = kind->make(offsets[i]),
		};

		/* Slot 0 of the first swap area is its header. */
		if (softleaf_is_none(p.entry) || encoded_as_empty(test, &p))
			continue;
		check_all_flags(test, &p, check);
		if (kind->fixed)
			break;
	}
}

static const void *kind_gen_params(struct kunit *test, const void *prev, char *desc)
{
	/* Each but none, which has no encoding. */
	return softleaf_next_kind(prev ?: softleaf_kinds, 0, desc);
}

static void check_round_trip(struct kunit *test, const struct point *p)
{
	ASSERT_AT(p, softleaf_from_pmd(p->pmd).val, p->entry.val);
}

/* The entry comes back, and no flag with it. */
static void pmd_softleaf_test_round_trip(struct kunit *test)
{
	check_kind(test, check_round_trip);
}

/* The same for each type number, whatever this configuration uses it for. */
static void pmd_softleaf_test_round_trip_all_types(struct kunit *test)
{
	pgoff_t offsets[MAX_INTERESTING_OFFSETS];
	const unsigned int nr = interesting_offsets(offsets);
	unsigned int type, i;

	for (type = 0; type < BIT(MAX_SWAPFILES_SHIFT); type++) {
		for (i = 0; i < nr; i++) {
			struct point p = {
				.offset = offsets[i],
				.entry = swp_entry(type, offsets[i]),
			};

			if (!encoded_as_empty(test, &p))
				check_all_flags(test, &p, check_round_trip);
		}
	}
}

static void check_same_as_pte(struct kunit *test, const struct point *p)
{
	ASSERT_AT(p, softleaf_from_pmd(p->pmd).val,
		  softleaf_from_pte(softleaf_to_pte(p->entry)).val);
}

/* A split makes PTEs out of the entry: they have to hold what the PMD holds. */
static void pmd_softleaf_test_same_as_pte(struct kunit *test)
{
	check_kind(test, check_same_as_pte);
}

static void check_flags(struct kunit *test, const struct point *p)
{
	const pmd_t plain = softleaf_to_pmd(p->entry);
	unsigned int f;

	ASSERT_AT(p, get_flags(p->pmd), p->flags);

	for (f = 0; f < NR_FLAGS; f++) {
		const pmd_t set = swp_flags[f].set(p->pmd);
		const pmd_t cleared = swp_flags[f].clear(p->pmd);
		const unsigned int bit = swp_flags[f].supported() ? BIT(f) : 0;

		ASSERT_AT(p, get_flags(set), p->flags | bit);
		ASSERT_AT(p, get_flags(cleared), p->flags & ~bit);
		/* Bit for bit as if the flag had never been touched. */
		ASSERT_AT(p, softleaf_raw_pmd(set),
			  softleaf_raw_pmd(set_flags(plain, p->flags | bit)));
		ASSERT_AT(p, softleaf_raw_pmd(cleared),
			  softleaf_raw_pmd(set_flags(plain, p->flags & ~bit)));
	}
}

/* Each flag is set and cleared without touching the others or the entry. */
static void pmd_softleaf_test_flags(struct kunit *test)
{
	check_kind(test, check_flags);
}

static void check_not_present(struct kunit *test, const struct point *p)
{
	ASSERT_AT(p, !!pmd_present(p->pmd), false);
	ASSERT_AT(p, !!pmd_none(p->pmd), false);
	ASSERT_AT(p, !!pmd_trans_huge(p->pmd), false);
	ASSERT_AT(p, pmd_is_huge(p->pmd), true);
}

static void pmd_softleaf_test_not_present(struct kunit *test)
{
	check_kind(test, check_not_present);
}

static void check_no_page_table(struct kunit *test, const struct point *p)
{
	const bool present = pmd_present(p->pmd);
	const bool bad = pmd_bad(p->pmd);
	pmd_t pmd = p->pmd;
	pte_t *pte;

	ASSERT_AT(p, present && !bad, false);

	pte = pte_offset_map(&pmd, 0);
	if (pte)
		pte_unmap(pte);
	ASSERT_AT(p, (unsigned long)pte, 0UL);
	/* Nor was it cleared as a broken one. */
	ASSERT_AT(p, softleaf_raw_pmd(pmd), softleaf_raw_pmd(p->pmd));
}

/*
 * A softleaf is never taken for a page table. pmd_bad() alone does not say so:
 * it knows about present PMDs only, is true of each softleaf on x86, arm64,
 * riscv, loongarch and um, and follows the offset on s390 and powerpc.
 */
static void pmd_softleaf_test_no_page_table(struct kunit *test)
{
	check_kind(test, check_no_page_table);
}

static void check_valid(struct kunit *test, const struct point *p)
{
	const unsigned long is = p->kind->is;

	ASSERT_AT(p, pmd_is_valid_softleaf(p->pmd), !!(is & BIT(PMD_IS_VALID)));
	ASSERT_AT(p, pmd_is_migration_entry(p->pmd), !!(is & BIT(PMD_IS_MIGRATION)));
	ASSERT_AT(p, pmd_is_device_private_entry(p->pmd), !!(is & BIT(PMD_IS_DEVICE_PRIVATE)));
#ifdef TREE_HAS_PMD_SWAP_ENTRIES
	ASSERT_AT(p, pmd_is_swap_entry(p->pmd), !!(is & BIT(PMD_IS_SWAP)));
#endif
	ASSERT_AT(p, softleaf_has_pfn(softleaf_from_pmd(p->pmd)), !!(is & BIT(HAS_PFN)));
	ASSERT_AT(p, softleaf_type(softleaf_from_pmd(p->pmd)), p->kind->type);
}

/* Flags and offset change neither the type nor what the type is good for. */
static void pmd_softleaf_test_valid(struct kunit *test)
{
	check_kind(test, check_valid);
}

#ifdef CONFIG_MIGRATION
static void check_migration_ad(struct kunit *test, const struct point *p)
{
	const softleaf_t entry = softleaf_from_pmd(p->pmd);

	check_round_trip(test, p);
	check_same_as_pte(test, p);
	ASSERT_AT(p, softleaf_is_migration_young(entry), softleaf_is_migration_young(p->entry));
	ASSERT_AT(p, softleaf_is_migration_dirty(entry), softleaf_is_migration_dirty(p->entry));
	ASSERT_AT(p, softleaf_to_pfn(entry), p->offset);
}

static void check_all_ad(struct kunit *test, const struct softleaf_kind *kind, pgoff_t pfn)
{
	struct point p = { .kind = kind, .offset = pfn };
	const softleaf_t plain = kind->make(pfn);

	p.entry = make_migration_entry_young(plain);
	KUNIT_ASSERT_TRUE(test, softleaf_is_migration_young(p.entry));
	check_all_flags(test, &p, check_migration_ad);

	p.entry = make_migration_entry_dirty(plain);
	KUNIT_ASSERT_TRUE(test, softleaf_is_migration_dirty(p.entry));
	check_all_flags(test, &p, check_migration_ad);

	p.entry = make_migration_entry_dirty(make_migration_entry_young(plain));
	check_all_flags(test, &p, check_migration_ad);
}

/* Migration entries with A/D bits, up to the largest PFN of the machine. */
static void pmd_softleaf_test_migration_ad(struct kunit *test)
{
	const struct softleaf_kind *kind = NULL;
	char name[KUNIT_PARAM_DESC_SIZE];

	if (!migration_entry_supports_ad())
		kunit_skip(test, "no room for A/D bits above %d PFN bits on " SOFTLEAF_ARCH,
			   SWP_PFN_BITS);

	while ((kind = softleaf_next_kind(kind, BIT(IS_MIGRATION), name))) {
		check_all_ad(test, kind, 0);
		check_all_ad(test, kind, HPAGE_PMD_NR);
		check_all_ad(test, kind, round_down(SWP_PFN_MASK, HPAGE_PMD_NR));
		check_all_ad(test, kind, SWP_PFN_MASK);
	}
}
#endif /* CONFIG_MIGRATION */

/* The folio of an entry that has one; NULL, and a word, for what is not valid. */
static void pmd_softleaf_test_folio(struct kunit *test)
{
	const struct softleaf_kind *kind = test->param_value;
	struct folio *folio = alloc_locked_folio(test);
	const softleaf_t entry = kind->make(folio_pfn(folio));
	const bool valid = kind->is & BIT(PMD_IS_VALID);
	struct point p = { .kind = kind, .offset = folio_pfn(folio), .entry = entry };

	if (!valid || !(kind->is & BIT(HAS_PFN)))
		folio = NULL;

	for (p.flags = 0; p.flags < NR_FLAG_COMBINATIONS; p.flags++) {
		if (!combination_supported(p.flags))
			continue;
		p.pmd = set_flags(softleaf_to_pmd(entry), p.flags);
		rearm_warnings();
		kunit_warning_suppress(test) {
			KUNIT_EXPECT_PTR_EQ_MSG(test, pmd_to_softleaf_folio(p.pmd), folio,
						"%s", describe(test, &p));
			KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, valid ? 0 : WARNS);
		}
	}
}

/*
 * A PFN fits, with its A/D bits where the kernel stores them, and so does each
 * slot of a swap area: read_swap_header() keeps those below UINT_MAX.
 */
static void pmd_softleaf_test_offset_bits(struct kunit *test)
{
	const unsigned int in_pmd = pmd_offset_bits(), in_pte = pte_offset_bits();
	unsigned int f;

	kunit_info(test, SOFTLEAF_ARCH " %luK pages: %u offset bits in a PMD, %u in a PTE\n",
		   PAGE_SIZE / SZ_1K, in_pmd, in_pte);
	/* Or nobody would know that it was not looked at. */
	for (f = 0; f < NR_FLAGS; f++)
		kunit_info(test, "flag %s: %s\n", swp_flags[f].name,
			   swp_flags[f].supported() ? "yes" : "no");

	KUNIT_EXPECT_LE(test, SWP_PFN_BITS, in_pmd);
#ifdef CONFIG_MIGRATION
	if (migration_entry_supports_ad())
		KUNIT_EXPECT_LE(test, SWP_MIG_TOTAL_BITS, in_pmd);
#endif
	KUNIT_EXPECT_LE(test, min_t(unsigned int, in_pte, 32), in_pmd);
}

/* What is present is no softleaf, neither is what is empty. */
struct no_softleaf {
	const char *name;
	pmd_t (*make)(struct kunit *test);
	bool huge;	/* needs a CPU that maps huge pages */
};

static pmd_t make_huge_pmd(struct kunit *test)
{
	return pmd_mkhuge(pfn_pmd(HPAGE_PMD_NR, vm_get_page_prot(VM_READ | VM_WRITE)));
}

static pmd_t make_dirty_huge_pmd(struct kunit *test)
{
	return pmd_mkdirty(pmd_mkyoung(make_huge_pmd(test)));
}

static pmd_t make_flagged_huge_pmd(struct kunit *test)
{
#ifdef pgtable_supports_uffd_wp
	return pmd_mkuffd_wp(pmd_mksoft_dirty(make_huge_pmd(test)));
#else
	return pmd_mkuffd(pmd_mksoft_dirty(make_huge_pmd(test)));
#endif
}

static pmd_t make_prot_none_huge_pmd(struct kunit *test)
{
	return pmd_modify(make_huge_pmd(test), vm_get_page_prot(0));
}

#ifndef __HAVE_ARCH_PMDP_INVALIDATE
static pmd_t make_invalidated_huge_pmd(struct kunit *test)
{
	return pmd_mkinvalid(make_huge_pmd(test));
}
#endif

static void free_table(void *table)
{
	free_page((unsigned long)table);
}

static pmd_t make_table_pmd(struct kunit *test)
{
	pte_t *table = (pte_t *)get_zeroed_page(GFP_KERNEL);
	pmd_t pmd = {};

	KUNIT_ASSERT_NOT_NULL(test, table);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_table, table));
	pmd_populate_kernel(&init_mm, &pmd, table);
	return pmd;
}

static pmd_t make_empty_pmd(struct kunit *test)
{
	pmd_t pmd = softleaf_to_pmd(make_swap_first_type(largest_offset()));

	pmd_clear(&pmd);
	return pmd;
}

static const struct no_softleaf no_softleaves[] = {
	{ "empty", make_empty_pmd },
	{ "page table", make_table_pmd },
	{ "huge", make_huge_pmd, true },
	{ "huge, young and dirty", make_dirty_huge_pmd, true },
	{ "huge, soft-dirty and uffd", make_flagged_huge_pmd, true },
	{ "huge, no access", make_prot_none_huge_pmd, true },
#ifndef __HAVE_ARCH_PMDP_INVALIDATE
	{ "huge, invalidated by a split", make_invalidated_huge_pmd, true },
#endif
};

KUNIT_ARRAY_PARAM_DESC(no_softleaf, no_softleaves, name);

static void pmd_softleaf_test_no_softleaf(struct kunit *test)
{
	const struct no_softleaf *c = test->param_value;
	const bool empty = c->make == make_empty_pmd;
	pmd_t pmd;

	if (c->huge && !has_transparent_hugepage())
		kunit_skip(test, "this CPU maps no huge pages");

	pmd = c->make(test);
	KUNIT_ASSERT_EQ_MSG(test, !!pmd_present(pmd), !empty, "raw %#llx", softleaf_raw_pmd(pmd));
	KUNIT_ASSERT_EQ_MSG(test, !!pmd_none(pmd), empty, "raw %#llx", softleaf_raw_pmd(pmd));

	KUNIT_EXPECT_EQ_MSG(test, softleaf_from_pmd(pmd).val, softleaf_mk_none().val,
			    "raw %#llx", softleaf_raw_pmd(pmd));
	KUNIT_EXPECT_FALSE(test, pmd_is_valid_softleaf(pmd));
	KUNIT_EXPECT_FALSE(test, pmd_is_migration_entry(pmd));
	KUNIT_EXPECT_FALSE(test, pmd_is_device_private_entry(pmd));
	KUNIT_EXPECT_EQ(test, pmd_is_huge(pmd), c->huge);
}

/* The one softleaf that is none: slot 0 of the first swap area, its header. */
static void pmd_softleaf_test_none(struct kunit *test)
{
	const pmd_t pmd = softleaf_to_pmd(softleaf_mk_none());

	KUNIT_EXPECT_TRUE(test, softleaf_is_none(swp_entry(0, 0)));
	KUNIT_EXPECT_TRUE(test, softleaf_is_none(softleaf_from_pmd(pmd)));
}

/* A swap entry is a valid softleaf and exclusive is no part of the entry. */
static void pmd_softleaf_test_swap(struct kunit *test)
{
#ifdef TREE_HAS_PMD_SWAP_ENTRIES
	const softleaf_t entry = swp_entry(1, largest_offset());
	const pmd_t pmd = softleaf_to_pmd(entry);
	const pmd_t exclusive = pmd_swp_mkexclusive(pmd);

	KUNIT_EXPECT_TRUE(test, pmd_is_swap_entry(exclusive));
	KUNIT_EXPECT_TRUE(test, pmd_is_valid_softleaf(exclusive));
	KUNIT_EXPECT_FALSE(test, softleaf_has_pfn(softleaf_from_pmd(exclusive)));
	KUNIT_EXPECT_NE(test, softleaf_raw_pmd(exclusive), softleaf_raw_pmd(pmd));
	KUNIT_EXPECT_EQ(test, softleaf_from_pmd(exclusive).val, entry.val);
	KUNIT_EXPECT_FALSE(test, pmd_present(exclusive));
#else
	kunit_skip(test, "this tree has no PMD swap entries: no exclusive flag, swap is not valid");
#endif
}

#ifdef CONFIG_UML
static void check_needsync(struct kunit *test, const struct point *p)
{
	const pmd_t pmd = __pmd(pmd_val(p->pmd) | _PAGE_NEEDSYNC);
	struct point synced = *p;

	ASSERT_AT(p, softleaf_from_pmd(pmd).val, p->entry.val);
	ASSERT_AT(p, get_flags(pmd), p->flags);
	ASSERT_AT(p, !!pmd_same(pmd, p->pmd), true);
	synced.pmd = pmd;
	check_not_present(test, &synced);
}

/* set_pmd_at() adds _PAGE_NEEDSYNC: it must be no part of the entry. */
static void pmd_softleaf_test_um_needsync(struct kunit *test)
{
	check_kind(test, check_needsync);
}

/* pmd_clear() leaves _PAGE_NEEDSYNC behind, and the PMD is none all the same. */
static void pmd_softleaf_test_um_pmd_clear(struct kunit *test)
{
	pmd_t pmd = softleaf_to_pmd(swp_entry(1, largest_offset()));

	pmd_clear(&pmd);
	KUNIT_EXPECT_EQ(test, (unsigned long)pmd_val(pmd), (unsigned long)_PAGE_NEEDSYNC);
	KUNIT_EXPECT_TRUE(test, pmd_none(pmd));
	KUNIT_EXPECT_TRUE(test, softleaf_is_none(softleaf_from_pmd(pmd)));
	KUNIT_EXPECT_FALSE(test, pmd_is_huge(pmd));
}

/* The offset has to stay above the bits the PMD flags live in. */
static void pmd_softleaf_test_um_offset_shift(struct kunit *test)
{
	const pmd_t zero = softleaf_to_pmd(swp_entry(1, 0));
	const pmd_t one = softleaf_to_pmd(swp_entry(1, 1));

	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(zero) ^ softleaf_raw_pmd(one), BIT_ULL(11));
}
#endif /* CONFIG_UML */

#else /* !PMD_SOFTLEAVES */

/* Whatever a PMD holds, without the gate it is no softleaf. */
static void pmd_softleaf_test_gate_off(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(softleaf_kinds); i++) {
		const softleaf_t entry = softleaf_kinds[i].make(1);
		const pmd_t as_in_pte = __pmd(pte_val(softleaf_to_pte(entry)));

		KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(softleaf_to_pmd(entry)), 0ULL);
		KUNIT_EXPECT_EQ(test, softleaf_from_pmd(as_in_pte).val, softleaf_mk_none().val);
		KUNIT_EXPECT_FALSE(test, pmd_is_valid_softleaf(as_in_pte));
		KUNIT_EXPECT_FALSE(test, pmd_is_migration_entry(as_in_pte));
		KUNIT_EXPECT_FALSE(test, pmd_is_device_private_entry(as_in_pte));
	}
}

#ifdef CONFIG_UML
/* pmd_clear() leaves _PAGE_NEEDSYNC behind, and the PMD is none all the same. */
static void pmd_softleaf_test_um_pmd_clear(struct kunit *test)
{
	pmd_t pmd;

	pmd_clear(&pmd);
	KUNIT_EXPECT_EQ(test, (unsigned long)pmd_val(pmd), (unsigned long)_PAGE_NEEDSYNC);
	KUNIT_EXPECT_TRUE(test, pmd_none(pmd));
	KUNIT_EXPECT_TRUE(test, softleaf_is_none(softleaf_from_pmd(pmd)));
}
#endif

#endif /* PMD_SOFTLEAVES */

static struct kunit_case pmd_softleaf_encoding_test_cases[] = {
#if PMD_SOFTLEAVES
	KUNIT_CASE_PARAM(pmd_softleaf_test_round_trip, kind_gen_params),
	KUNIT_CASE(pmd_softleaf_test_round_trip_all_types),
	KUNIT_CASE_PARAM(pmd_softleaf_test_same_as_pte, kind_gen_params),
	KUNIT_CASE_PARAM(pmd_softleaf_test_flags, kind_gen_params),
	KUNIT_CASE_PARAM(pmd_softleaf_test_not_present, kind_gen_params),
	KUNIT_CASE_PARAM(pmd_softleaf_test_no_page_table, kind_gen_params),
	KUNIT_CASE_PARAM(pmd_softleaf_test_valid, kind_gen_params),
#ifdef CONFIG_MIGRATION
	KUNIT_CASE(pmd_softleaf_test_migration_ad),
#endif
	KUNIT_CASE_PARAM(pmd_softleaf_test_folio, kind_gen_params),
	KUNIT_CASE(pmd_softleaf_test_offset_bits),
	KUNIT_CASE_PARAM(pmd_softleaf_test_no_softleaf, no_softleaf_gen_params),
	KUNIT_CASE(pmd_softleaf_test_none),
	KUNIT_CASE(pmd_softleaf_test_swap),
#ifdef CONFIG_UML
	KUNIT_CASE_PARAM(pmd_softleaf_test_um_needsync, kind_gen_params),
	KUNIT_CASE(pmd_softleaf_test_um_offset_shift),
#endif
#else
	KUNIT_CASE(pmd_softleaf_test_gate_off),
#endif
#ifdef CONFIG_UML
	KUNIT_CASE(pmd_softleaf_test_um_pmd_clear),
#endif
	{}
};

static struct kunit_suite pmd_softleaf_encoding_test_suite = {
	.name = "pmd_softleaf_encoding",
	.test_cases = pmd_softleaf_encoding_test_cases,
};

kunit_test_suite(pmd_softleaf_encoding_test_suite);
