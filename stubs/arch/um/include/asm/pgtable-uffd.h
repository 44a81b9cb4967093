/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What userfaultfd wants of the page tables: a bit for the protection that it
 * put on an entry, and PROT_NONE entries that can be told from others.
 */
#ifndef __UM_PGTABLE_UFFD_H
#define __UM_PGTABLE_UFFD_H

/* Trees from before read-write protection have the helpers by other names. */
#ifndef CONFIG_ARCH_HAS_PTE_PROTNONE
#define pte_uffd		pte_uffd_wp
#define pte_mkuffd		pte_mkuffd_wp
#define pte_clear_uffd		pte_clear_uffd_wp
#define pte_swp_uffd		pte_swp_uffd_wp
#define pte_swp_mkuffd		pte_swp_mkuffd_wp
#define pte_swp_clear_uffd	pte_swp_clear_uffd_wp
#define pmd_uffd		pmd_uffd_wp
#define pmd_mkuffd		pmd_mkuffd_wp
#define pmd_clear_uffd		pmd_clear_uffd_wp
#define pmd_swp_uffd		pmd_swp_uffd_wp
#define pmd_swp_mkuffd		pmd_swp_mkuffd_wp
#define pmd_swp_clear_uffd	pmd_swp_clear_uffd_wp
#endif /* CONFIG_ARCH_HAS_PTE_PROTNONE */

#ifdef CONFIG_HAVE_ARCH_USERFAULTFD_WP
static inline int pte_uffd(pte_t pte)
{
	return pte_get_bits(pte, _PAGE_UFFD);
}

static inline pte_t pte_mkuffd(pte_t pte)
{
	pte_set_bits(pte, _PAGE_UFFD);
	return pte_wrprotect(pte);
}

static inline pte_t pte_clear_uffd(pte_t pte)
{
	pte_clear_bits(pte, _PAGE_UFFD);
	return pte;
}

static inline int pte_swp_uffd(pte_t pte)
{
	return pte_get_bits(pte, _PAGE_UFFD);
}

static inline pte_t pte_swp_mkuffd(pte_t pte)
{
	pte_set_bits(pte, _PAGE_UFFD);
	return pte;
}

static inline pte_t pte_swp_clear_uffd(pte_t pte)
{
	pte_clear_bits(pte, _PAGE_UFFD);
	return pte;
}

/* Generic code calls the PMD helpers without transparent huge pages too. */
static inline int pmd_uffd(pmd_t pmd)
{
	return pmd_val(pmd) & _PAGE_UFFD;
}

static inline pmd_t pmd_mkuffd(pmd_t pmd)
{
	pmd_val(pmd) |= _PAGE_UFFD;
	pmd_val(pmd) &= ~_PAGE_RW;
	return pmd;
}

static inline pmd_t pmd_clear_uffd(pmd_t pmd)
{
	pmd_val(pmd) &= ~_PAGE_UFFD;
	return pmd;
}

static inline int pmd_swp_uffd(pmd_t pmd)
{
	return pmd_val(pmd) & _PAGE_UFFD;
}

static inline pmd_t pmd_swp_mkuffd(pmd_t pmd)
{
	pmd_val(pmd) |= _PAGE_UFFD;
	return pmd;
}

static inline pmd_t pmd_swp_clear_uffd(pmd_t pmd)
{
	pmd_val(pmd) &= ~_PAGE_UFFD;
	return pmd;
}
#endif /* CONFIG_HAVE_ARCH_USERFAULTFD_WP */

#ifdef CONFIG_ARCH_HAS_PTE_PROTNONE
static inline int pte_protnone(pte_t pte)
{
	return pte_get_bits(pte, _PAGE_PRESENT | _PAGE_PROTNONE) ==
		_PAGE_PROTNONE;
}

static inline int pmd_protnone(pmd_t pmd)
{
	return (pmd_val(pmd) & (_PAGE_PRESENT | _PAGE_PROTNONE)) ==
		_PAGE_PROTNONE;
}
#endif /* CONFIG_ARCH_HAS_PTE_PROTNONE */

#endif /* __UM_PGTABLE_UFFD_H */
