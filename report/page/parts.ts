/** Pieces that several parts of the page are made of. */

import { keyOf, type ReportItem } from '../read.ts';
import { tierMeaning, tierName, titleOf } from '../words.ts';
import type { Html } from './html.ts';
import { foreign, html } from './html.ts';

/** Where the section of an item stands; digits only, whatever the warehouse holds. */
export const anchor = (item: { readonly project_id: string; readonly item_id: string }): string =>
  `bug-${keyOf(item).replace(/[^0-9-]/g, '')}`;

export const tierOf = ({ tier }: { readonly tier: string }): Html =>
  html`<span class="tier ${tier in tierMeaning ? tier : ''}">${tierName(tier)}</span>`;

export const fact = (name: string, value: string | Html, more: string | Html | null = null): Html =>
  html`<div><dt>${name}</dt><dd>${value}${more === null || more === '' ? null : html`<small>${more}</small>`}</dd></div>`;

/** An item that another one speaks of: `#12`, with the way to it where it has a section. */
export const reference = (item: ReportItem | undefined, id: string, hasSection: boolean): Html => {
  if (item === undefined) return html`item ${id}`;
  const name = html`${item.rank}. ${foreign(titleOf(item).slice(0, 80))}`;
  return hasSection ? html`<a href="#${anchor(item)}">${name}</a>` : name;
};
