/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Leaf PMDs: huge pages and software leaf entries (swap, migration, ...).
 *
 * A leaf PMD has the layout of a PTE, with _PAGE_HUGE on top in a present one:
 *
 *   bit        present                        not present
 *   0x001      _PAGE_PRESENT                  0
 *   0x002      _PAGE_NEEDSYNC                 _PAGE_NEEDSYNC
 *   0x004      _PAGE_SOFT_DIRTY               _PAGE_SOFT_DIRTY
 *   0x008      _PAGE_UFFD                     _PAGE_UFFD
 *   0x010      _PAGE_PROTNONE                 0
 *   0x020      _PAGE_RW                       type, bit 0
 *   0x040      _PAGE_USER                     type, bit 1
 *   0x080      _PAGE_ACCESSED                 type, bit 2
 *   0x100      _PAGE_DIRTY                    type, bit 3
 *   0x200      _PAGE_HUGE                     type, bit 4
 *   0x400      -                              _PAGE_SWP_EXCLUSIVE
 *   0x800      -                              offset, bit 0
 *
 * _PAGE_HUGE tells a huge page from a page table. pmd_present() must do without
 * it, for in a software leaf entry it belongs to the type.
 *
 * _PAGE_NEEDSYNC is not part of the value: set_pmd_at() sets it, a sync with
 * the host clears it, and whoever compares or decodes an entry ignores it.
 */
#ifndef __UM_PGTABLE_LEAF_H
#define __UM_PGTABLE_LEAF_H

#define HPAGE_SHIFT	PMD_SHIFT
#define HPAGE_SIZE	(_AC(1, UL) << HPAGE_SHIFT)
#define HPAGE_MASK	(~(HPAGE_SIZE - 1))

#define __HAVE_ARCH_PMD_SAME
static inline int pmd_same(pmd_t pmd_a, pmd_t pmd_b)
{
	return !((pmd_val(pmd_a) ^ pmd_val(pmd_b)) & ~_PAGE_NEEDSYNC);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE

static inline int pmd_trans_huge(pmd_t pmd)
{
	return pmd_present(pmd) && (pmd_val(pmd) & _PAGE_HUGE);
}

#define pmd_leaf pmd_leaf
static inline bool pmd_leaf(pmd_t pmd)
{
	return pmd_trans_huge(pmd);
}

#define pmd_write pmd_write
static inline int pmd_write(pmd_t pmd)
{
	return pmd_val(pmd) & _PAGE_RW;
}

#define pmd_dirty pmd_dirty
static inline int pmd_dirty(pmd_t pmd)
{
	return pmd_val(pmd) & _PAGE_DIRTY;
}

#define pmd_young pmd_young
static inline int pmd_young(pmd_t pmd)
{
	return pmd_val(pmd) & _PAGE_ACCESSED;
}

static inline pmd_t pmd_mkhuge(pmd_t pmd)
{
	pmd_val(pmd) |= _PAGE_HUGE;
	return pmd;
}

static inline pmd_t pmd_mkwrite_novma(pmd_t pmd)
{
	pmd_val(pmd) |= _PAGE_RW;
	return pmd;
}

static inline pmd_t pmd_wrprotect(pmd_t pmd)
{
	pmd_val(pmd) &= ~_PAGE_RW;
	return pmd;
}

static inline pmd_t pmd_mkdirty(pmd_t pmd)
{
	pmd_val(pmd) |= _PAGE_DIRTY | _PAGE_SOFT_DIRTY;
	return pmd;
}

static inline pmd_t pmd_mkclean(pmd_t pmd)
{
	pmd_val(pmd) &= ~_PAGE_DIRTY;
	return pmd;
}

static inline pmd_t pmd_mkyoung(pmd_t pmd)
{
	pmd_val(pmd) |= _PAGE_ACCESSED;
	return pmd;
}

static inline pmd_t pmd_mkold(pmd_t pmd)
{
	pmd_val(pmd) &= ~_PAGE_ACCESSED;
	return pmd;
}

/* Inaccessible, but still pmd_present() and pmd_trans_huge(). */
static inline pmd_t pmd_mkinvalid(pmd_t pmd)
{
	pmd_val(pmd) &= ~_PAGE_PRESENT;
	pmd_val(pmd) |= _PAGE_PROTNONE;
	return pmd;
}

static inline pmd_t pmd_modify(pmd_t pmd, pgprot_t newprot)
{
	return __pmd((pmd_val(pmd) & (_PAGE_CHG_MASK | _PAGE_HUGE)) |
		     pgprot_val(newprot));
}

/**
 * set_pmd_at() - Install a leaf entry, or an empty one, in a PMD.
 * @mm: The address space.
 * @addr: An address that the PMD covers.
 * @pmdp: The PMD.
 * @pmd: The entry.
 *
 * The host follows at the next um_tlb_sync(). Called under the PMD lock.
 */
static inline void set_pmd_at(struct mm_struct *mm, unsigned long addr,
			      pmd_t *pmdp, pmd_t pmd)
{
	page_table_check_pmd_set(mm, addr, pmdp, pmd);
	WRITE_ONCE(*pmdp, __pmd(pmd_val(pmd) | _PAGE_NEEDSYNC));
	addr &= PMD_MASK;
	um_tlb_mark_sync(mm, addr, addr + PMD_SIZE);
}

/* No hardware sets bits behind our back, so this need not be atomic. */
#define pmdp_establish generic_pmdp_establish

#define update_mmu_cache_pmd update_mmu_cache_pmd
static inline void update_mmu_cache_pmd(struct vm_area_struct *vma,
					unsigned long address, pmd_t *pmdp)
{
}

#define __pmd_to_swp_entry(pmd) \
	((swp_entry_t) { pmd_val(pmd) & ~_PAGE_NEEDSYNC })
#define __swp_entry_to_pmd(x)		((pmd_t) { (x).val })

static inline pmd_t pmd_swp_mksoft_dirty(pmd_t pmd)
{
	return pmd_mksoft_dirty(pmd);
}

static inline int pmd_swp_soft_dirty(pmd_t pmd)
{
	return pmd_soft_dirty(pmd);
}

static inline pmd_t pmd_swp_clear_soft_dirty(pmd_t pmd)
{
	return pmd_clear_soft_dirty(pmd);
}

static inline bool pmd_swp_exclusive(pmd_t pmd)
{
	return pmd_val(pmd) & _PAGE_SWP_EXCLUSIVE;
}

static inline pmd_t pmd_swp_mkexclusive(pmd_t pmd)
{
	pmd_val(pmd) |= _PAGE_SWP_EXCLUSIVE;
	return pmd;
}

static inline pmd_t pmd_swp_clear_exclusive(pmd_t pmd)
{
	pmd_val(pmd) &= ~_PAGE_SWP_EXCLUSIVE;
	return pmd;
}

#endif /* CONFIG_TRANSPARENT_HUGEPAGE */

#ifdef CONFIG_PAGE_TABLE_CHECK
static inline bool pte_user_accessible_page(struct mm_struct *mm,
					    unsigned long addr, pte_t pte)
{
	return pte_get_bits(pte, _PAGE_PRESENT) && pte_get_bits(pte, _PAGE_USER);
}

static inline bool pmd_user_accessible_page(struct mm_struct *mm,
					    unsigned long addr, pmd_t pmd)
{
	return (pmd_val(pmd) & _PAGE_HUGE) && (pmd_val(pmd) & _PAGE_PRESENT) &&
		(pmd_val(pmd) & _PAGE_USER);
}

static inline bool pud_user_accessible_page(struct mm_struct *mm,
					    unsigned long addr, pud_t pud)
{
	return false;
}
#endif /* CONFIG_PAGE_TABLE_CHECK */

#endif /* __UM_PGTABLE_LEAF_H */
