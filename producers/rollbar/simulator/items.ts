/**
 * Items: what the vendor keeps about a group of equal occurrences, and changes in place.
 *
 * There is no "modified since" in the API, and a count can go down: totals begin again when a resolved item
 * recurs. One and the same item has different types in the list and alone, as documented.
 */
import { type Grouping, hashOf } from './grouping.ts';

export const statuses = ['active', 'resolved', 'muted', 'archived'] as const;
export type Status = (typeof statuses)[number];

export interface Item {
  readonly id: number;
  readonly counter: number;
  readonly project_id: number;
  readonly environment: string;
  readonly platform: string;
  readonly framework: string;
  readonly hash: string;
  readonly group_status: 1 | 2;
  title: string;
  title_lock: 0 | 1;
  level: string;
  level_lock: 0 | 1;
  status: Status;
  total_occurrences: number;
  unique_occurrences: number | null;
  first_occurrence_id: number;
  first_occurrence_timestamp: number;
  last_occurrence_id: number;
  last_occurrence_timestamp: number;
  activating_occurrence_id: number | null;
  last_activated_timestamp: number;
  last_resolved_timestamp: number | null;
  last_muted_timestamp: number | null;
  resolved_in_version: string | null;
  last_modified_by: number | null;
  assigned_user_id: number | null;
  assigned_team_id: number | null;
  group_item_id: number | null;
  controlling_id: number;
  public_item_id: number | null;
}

/** What a person can change about an item. */
export type ItemChange = Partial<
  Pick<Item, 'title' | 'title_lock' | 'level' | 'level_lock' | 'assigned_user_id' | 'last_modified_by'>
>;

export interface Seen {
  readonly id: number;
  readonly timestamp: number;
  readonly level: string;
}

export interface Items {
  /** Counts an occurrence into its item, which is made or reactivated if need be. */
  record(occurrence: Seen, grouping: Grouping): Item;
  all(): Item[];
  get(id: number): Item | undefined;
  withCounter(counter: number): Item | undefined;
  withKey(key: string): Item | undefined;
  change(item: Item, change: ItemChange): void;
  setStatus(item: Item, status: Status, seconds: number, by: number, version?: string): void;
  /** Merges items into a new one, which has no occurrences of its own. */
  merge(members: readonly [Item, ...Item[]], title: string, by: number): Item;
}

export function createItems(projectId: number): Items {
  const byId = new Map<number, Item>();
  const byKey = new Map<string, Item>();
  const addresses = new Map<Item, Set<string>>();

  function create(of: Omit<Item, 'id' | 'counter' | 'project_id' | 'controlling_id'>): Item {
    const counter = byId.size + 1;
    // Shared with all customers as well: ten digits, with gaps.
    const id = 1_640_000_000 + counter * 1009 + (Number.parseInt(of.hash.slice(0, 4), 16) % 1000);
    const item = { ...of, id, counter, project_id: projectId, controlling_id: id };
    byId.set(id, item);
    return item;
  }

  function itemOf(occurrence: Seen, grouping: Grouping): Item {
    const known = byKey.get(grouping.key);
    if (known) return known;
    const item = create({ ...blank, ...begun(occurrence, grouping), hash: hashOf(grouping.key) });
    byKey.set(grouping.key, item);
    return item;
  }

  return {
    record(occurrence, grouping) {
      const item = itemOf(occurrence, grouping);
      const group = item.group_item_id === null ? undefined : byId.get(item.group_item_id);
      for (const counted of group ? [item, group] : [item]) count(counted, occurrence);
      if (grouping.address !== undefined) {
        const seen = addresses.get(item) ?? new Set();
        addresses.set(item, seen.add(grouping.address));
        item.unique_occurrences = seen.size;
      }
      return item;
    },
    all: () => [...byId.values()],
    get: (id) => byId.get(id),
    withCounter: (counter) => [...byId.values()].find((item) => item.counter === counter),
    withKey: (key) => byKey.get(key),
    change: (item, change) => void Object.assign(item, change),
    setStatus(item, status, seconds, by, version) {
      item.status = status;
      item.last_modified_by = by;
      if (status === 'resolved') {
        item.last_resolved_timestamp = seconds;
        item.resolved_in_version = version ?? null;
      }
      if (status === 'muted') item.last_muted_timestamp = seconds;
    },
    merge(members, title, by) {
      const first = members[0];
      const newest = members.reduce((a, b) =>
        a.last_occurrence_timestamp >= b.last_occurrence_timestamp ? a : b,
      );
      const group = create({
        ...first,
        ...{ title, title_lock: 1, group_status: 2, hash: hashOf(`group/${first.hash}`) },
        total_occurrences: members.reduce((sum, member) => sum + member.total_occurrences, 0),
        unique_occurrences: null,
        last_occurrence_id: newest.last_occurrence_id,
        last_occurrence_timestamp: newest.last_occurrence_timestamp,
        last_modified_by: by,
      });
      for (const member of members) {
        member.group_item_id = group.id;
        member.controlling_id = group.id;
      }
      return group;
    },
  };
}

/** The item as `/items` lists it. */
export function listed(item: Item): Record<string, unknown> {
  const { last_muted_timestamp: _singleOnly, ...columns } = item;
  return { ...columns, integrations_data: null };
}

/** The item as `/item/{id}` gives it: other types for the same columns, and four more. */
export function single(item: Item): Record<string, unknown> {
  return {
    ...item,
    integrations_data: {},
    last_modified_by: item.last_modified_by === null ? null : String(item.last_modified_by),
    snooze_status: false,
    snooze_type: null,
    snooze_expiration_threshold_seconds: null,
    snooze_expiration_datetime: null,
  };
}

const blank = {
  group_status: 1,
  title_lock: 0,
  level_lock: 0,
  status: 'active',
  total_occurrences: 0,
  unique_occurrences: null,
  last_resolved_timestamp: null,
  last_muted_timestamp: null,
  resolved_in_version: null,
  last_modified_by: null,
  assigned_user_id: null,
  assigned_team_id: null,
  group_item_id: null,
  public_item_id: null,
} as const;

function begun({ id, timestamp, level }: Seen, { title, environment, platform, framework }: Grouping) {
  return {
    ...{ title, environment, platform, framework, level },
    first_occurrence_id: id,
    first_occurrence_timestamp: timestamp,
    last_occurrence_id: id,
    last_occurrence_timestamp: timestamp,
    activating_occurrence_id: id,
    last_activated_timestamp: timestamp,
  };
}

function count(item: Item, { id, timestamp }: Seen): void {
  // A row that comes late may be older than the resolution: it does not reopen the item.
  if (item.status === 'resolved' && timestamp > (item.last_resolved_timestamp ?? 0)) {
    item.status = 'active';
    item.total_occurrences = 0;
    item.resolved_in_version = null;
    item.activating_occurrence_id = id;
    item.last_activated_timestamp = timestamp;
  }
  item.total_occurrences += 1;
  if (timestamp >= item.last_occurrence_timestamp) {
    item.last_occurrence_id = id;
    item.last_occurrence_timestamp = timestamp;
  }
  if (timestamp < item.first_occurrence_timestamp) {
    item.first_occurrence_id = id;
    item.first_occurrence_timestamp = timestamp;
  }
}
