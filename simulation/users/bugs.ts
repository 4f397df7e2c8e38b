/**
 * Whom the bugs of the shop meet, how often, and what they do to those who met them.
 *
 * The loudest are met by those who come most, and harm nobody; the one that costs most users is met by few. The names
 * are those under which the error tracker's simulator knows what each bug reports. A rate is the chance per session of
 * a user whom it can meet.
 */
import type { Bug, Reach } from '../world/catalogue.ts';

export interface ShopBug {
  readonly name: string;
  readonly reach: Reach;
  readonly rate: number;
  /** Occurrences that one meeting adds to the first, on average. */
  readonly repeats?: number;
  /** Chance that a day on which it was met is the user's last. */
  readonly leave?: number;
  /** Share by which it lowers the chance of each of the seven days after. */
  readonly cut?: number;
  readonly report?: Bug['report'];
  /** It comes, and goes, with the first release after these shares of the past; always if left out. */
  readonly lives?: { readonly from: number; readonly until?: number };
}

export const shopBugs: readonly ShopBug[] = [
  { name: 'csrf', reach: 'anyone', rate: 0.009 },
  // Noise of those who open everything.
  { name: 'resize-observer', reach: 'feature', rate: 0.055, repeats: 0.5 },
  { name: 'payment-declined', reach: 'feature', rate: 0.012 },
  { name: 'quote-total', reach: 'web', rate: 0.022, repeats: 0.3 },
  { name: 'coupon-message', reach: 'web', rate: 0.015 },
  { name: 'chunk-load', reach: 'web', rate: 0.03, lives: { from: 0.35, until: 0.6 } },
  { name: 'recommendation-key', reach: 'anyone', rate: 0.014, lives: { from: 0.2, until: 0.7 } },
  { name: 'nil-basket', reach: 'susceptible', rate: 0.03, repeats: 2 },
  // An order that is lost: one in three never comes back.
  { name: 'orders-persist', reach: 'anyone', rate: 0.012, leave: 0.35, lives: { from: 0.15 } },
  // Newcomers who cannot log in.
  { name: 'login-form', reach: 'first_week', rate: 0.1, leave: 0.3 },
  // Sent at the next launch, so that those who never launch it again are never seen.
  { name: 'garbage-pointer', reach: 'ios', rate: 0.006, leave: 0.1, report: 'next_launch' },
];
