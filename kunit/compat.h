/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names that differ between the trees these suites are built in. The suites
 * use the names of Linux 7.3; this file alone knows the others.
 */
#ifndef _SOFTLEAF_KUNIT_COMPAT_H
#define _SOFTLEAF_KUNIT_COMPAT_H

#include <linux/mm.h>
#include <linux/pgtable.h>
/* Before leafops.h, which in 7.2 does not say itself that it needs it. */
#include <linux/swap.h>
#include <linux/leafops.h>

/*
 * The gate. ARCH_ENABLE_THP_MIGRATION is its name up to 7.2, while it was on
 * the lists it was ARCH_SUPPORTS_PMD_SOFTLEAF.
 */
#define PMD_SOFTLEAVES	(IS_ENABLED(CONFIG_ARCH_HAS_PMD_SOFTLEAVES) || \
			 IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_SOFTLEAF) || \
			 IS_ENABLED(CONFIG_ARCH_ENABLE_THP_MIGRATION))

/* 7.2 knows one userfaultfd protection only and names the bit after it. */
#ifdef pgtable_supports_uffd_wp
#define pgtable_supports_uffd()		pgtable_supports_uffd_wp()
#define pte_swp_mkuffd(pte)		pte_swp_mkuffd_wp(pte)
#define pte_swp_uffd(pte)		pte_swp_uffd_wp(pte)
#define pte_swp_clear_uffd(pte)		pte_swp_clear_uffd_wp(pte)
#define pmd_swp_mkuffd(pmd)		pmd_swp_mkuffd_wp(pmd)
#define pmd_swp_uffd(pmd)		pmd_swp_uffd_wp(pmd)
#define pmd_swp_clear_uffd(pmd)		pmd_swp_clear_uffd_wp(pmd)
#endif

#ifndef TREE_HAS_SOFTLEAF_TO_PMD
#define softleaf_to_pmd(entry)		swp_entry_to_pmd(entry)
#endif

/* _PAGE_NEEDSYNC of UML is no part of an entry: the TLB sync adds it at will. */
#ifdef CONFIG_UML
#define softleaf_raw_pmd(pmd)	((unsigned long long)pmd_val(pmd) & ~_PAGE_NEEDSYNC)
#else
#define softleaf_raw_pmd(pmd)	((unsigned long long)pmd_val(pmd))
#endif

#endif /* _SOFTLEAF_KUNIT_COMPAT_H */
