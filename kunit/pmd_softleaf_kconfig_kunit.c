// SPDX-License-Identifier: GPL-2.0
/*
 * The Kconfig gate of PMD softleaves, ARCH_HAS_PMD_SOFTLEAVES: with it on the
 * code behind it is in the kernel, with it off each helper gives its empty
 * answer. scripts/check-softleaf-kconfig looks at the sources for the rest.
 *
 *	tools/testing/kunit/kunit.py run --kunitconfig=mm/tests/softleaf \
 *		'pmd_softleaf_kconfig'
 */
#include <kunit/test.h>

#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/rmap.h>

#include "softleaf_kinds.h"

#define SOME_OFFSET	0x1234UL

/* Those that selected the old name, and um, whose port selects the new one. */
#define ARCH_WITH_PMD_SOFTLEAVES				\
	(IS_ENABLED(CONFIG_X86_64) || IS_ENABLED(CONFIG_ARM64) ||	\
	 IS_ENABLED(CONFIG_S390) || IS_ENABLED(CONFIG_RISCV) ||	\
	 IS_ENABLED(CONFIG_LOONGARCH) || IS_ENABLED(CONFIG_PPC_BOOK3S_64) || \
	 IS_ENABLED(CONFIG_UML))

/* An architecture that lost its select would compile, and do without. */
static void pmd_softleaf_kconfig_test_selected(struct kunit *test)
{
	if (!ARCH_WITH_PMD_SOFTLEAVES)
		kunit_skip(test, SOFTLEAF_ARCH " never selected the gate");

	KUNIT_EXPECT_EQ(test, PMD_SOFTLEAVES, IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE));
}

/* One name only: code left behind under an old one would be gone in silence. */
static void pmd_softleaf_kconfig_test_one_name(struct kunit *test)
{
#ifndef TREE_HAS_RENAMED_GATE
	kunit_skip(test, "this tree is from before the rename to ARCH_HAS_PMD_SOFTLEAVES");
#endif
	KUNIT_EXPECT_EQ(test, IS_ENABLED(CONFIG_ARCH_HAS_PMD_SOFTLEAVES), PMD_SOFTLEAVES);
	KUNIT_EXPECT_FALSE(test, IS_ENABLED(CONFIG_ARCH_ENABLE_THP_MIGRATION));
	KUNIT_EXPECT_FALSE(test, IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_SOFTLEAF));
}

static void pmd_softleaf_kconfig_test_thp_migration_supported(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, thp_migration_supported(), PMD_SOFTLEAVES);
}

struct gated_function {
	const char *name;
	void *address;
};

static const struct gated_function gated_functions[] = {
#if PMD_SOFTLEAVES
	{ "set_pmd_migration_entry", set_pmd_migration_entry },
	{ "remove_migration_pmd", remove_migration_pmd },
	{ "pmd_migration_entry_wait", pmd_migration_entry_wait },
#else
	{ "set_pmd_migration_entry" },
	{ "remove_migration_pmd" },
	{ "pmd_migration_entry_wait" },
#endif
};

KUNIT_ARRAY_PARAM_DESC(gated_function, gated_functions, name);

/* The functions behind the gate are in the image, or are not. */
static void pmd_softleaf_kconfig_test_compiled(struct kunit *test)
{
	const struct gated_function *fn = test->param_value;

	if (!IS_ENABLED(CONFIG_KALLSYMS))
		kunit_skip(test, "CONFIG_KALLSYMS is off: the image has no names");

	/* The control: the lookup finds what is there without the gate. */
	KUNIT_ASSERT_NE(test, kallsyms_lookup_name("handle_mm_fault"), 0UL);
	KUNIT_EXPECT_EQ(test, kallsyms_lookup_name(fn->name), (unsigned long)fn->address);
}

/* softleaf_to_pmd() encodes, or gives the zero PMD. */
static void pmd_softleaf_kconfig_test_to_pmd(struct kunit *test)
{
	const softleaf_t entry = swp_entry(1, SOME_OFFSET);
	const pmd_t pmd = softleaf_to_pmd(entry);

	if (PMD_SOFTLEAVES)
		KUNIT_EXPECT_NE(test, softleaf_raw_pmd(pmd), 0ULL);
	else
		KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(pmd), 0ULL);
	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(swp_entry_to_pmd(entry)), softleaf_raw_pmd(pmd));
}

/* softleaf_from_pmd() decodes, or finds nothing in whatever is there. */
static void pmd_softleaf_kconfig_test_from_pmd(struct kunit *test)
{
	const softleaf_t entry = swp_entry(1, SOME_OFFSET);
	/* With the gate off nobody but a PTE knows how an entry looks. */
	const pmd_t pmd = PMD_SOFTLEAVES ? softleaf_to_pmd(entry) :
					   __pmd(pte_val(softleaf_to_pte(entry)));

	KUNIT_EXPECT_EQ(test, softleaf_from_pmd(pmd).val,
			PMD_SOFTLEAVES ? entry.val : softleaf_mk_none().val);
}

#ifdef CONFIG_MIGRATION
/* What a PMD holds has its predicates, or has none of them. */
static void pmd_softleaf_kconfig_test_predicates(struct kunit *test)
{
	const struct softleaf_kind *kind = test->param_value;
	const softleaf_t entry = kind->make(SOME_OFFSET);
	const pmd_t pmd = PMD_SOFTLEAVES ? softleaf_to_pmd(entry) :
					   __pmd(pte_val(softleaf_to_pte(entry)));

	KUNIT_EXPECT_EQ(test, pmd_is_migration_entry(pmd), PMD_SOFTLEAVES);
	KUNIT_EXPECT_EQ(test, pmd_is_valid_softleaf(pmd), PMD_SOFTLEAVES);
	/* Not the gate's own, but THP off takes both away. */
	KUNIT_EXPECT_EQ(test, pmd_is_huge(pmd), IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE));
}

static const void *migration_gen_params(struct kunit *test, const void *prev, char *desc)
{
	return softleaf_next_kind(prev, BIT(IS_MIGRATION), desc);
}
#endif

/* Soft-dirty of a PMD softleaf is stored, or ignored. */
static void pmd_softleaf_kconfig_test_soft_dirty(struct kunit *test)
{
	const bool stored = PMD_SOFTLEAVES && pgtable_supports_soft_dirty();
	const pmd_t clean = softleaf_to_pmd(swp_entry(1, SOME_OFFSET));
	const pmd_t dirty = pmd_swp_mksoft_dirty(clean);

	KUNIT_EXPECT_EQ(test, !!pmd_swp_soft_dirty(clean), false);
	KUNIT_EXPECT_EQ(test, !!pmd_swp_soft_dirty(dirty), stored);
	KUNIT_EXPECT_EQ(test, softleaf_raw_pmd(dirty) != softleaf_raw_pmd(clean), stored);
	KUNIT_EXPECT_EQ(test, !!pmd_swp_soft_dirty(pmd_swp_clear_soft_dirty(dirty)), false);
}

#if !PMD_SOFTLEAVES
/* Nothing to wait for: neither the mm nor the PMD is looked at. */
static void pmd_softleaf_kconfig_test_wait_is_empty(struct kunit *test)
{
	pmd_migration_entry_wait(NULL, NULL);
	KUNIT_SUCCEED(test);
}
#endif

static struct kunit_case pmd_softleaf_kconfig_test_cases[] = {
	KUNIT_CASE(pmd_softleaf_kconfig_test_selected),
	KUNIT_CASE(pmd_softleaf_kconfig_test_one_name),
	KUNIT_CASE(pmd_softleaf_kconfig_test_thp_migration_supported),
	KUNIT_CASE_PARAM(pmd_softleaf_kconfig_test_compiled, gated_function_gen_params),
	KUNIT_CASE(pmd_softleaf_kconfig_test_to_pmd),
	KUNIT_CASE(pmd_softleaf_kconfig_test_from_pmd),
#ifdef CONFIG_MIGRATION
	KUNIT_CASE_PARAM(pmd_softleaf_kconfig_test_predicates, migration_gen_params),
#endif
	KUNIT_CASE(pmd_softleaf_kconfig_test_soft_dirty),
#if !PMD_SOFTLEAVES
	KUNIT_CASE(pmd_softleaf_kconfig_test_wait_is_empty),
#endif
	{}
};

static struct kunit_suite pmd_softleaf_kconfig_test_suite = {
	.name = "pmd_softleaf_kconfig",
	.test_cases = pmd_softleaf_kconfig_test_cases,
};

kunit_test_suite(pmd_softleaf_kconfig_test_suite);
