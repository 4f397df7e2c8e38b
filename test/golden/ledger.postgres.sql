create table if not exists heimdallr."landing" (
  "record_type" varchar(64) check (octet_length("record_type") <= 64) not null,
  "record_version" integer not null,
  "record_key" varchar(1024) check (octet_length("record_key") <= 1024) not null,
  "feed" varchar(128) check (octet_length("feed") <= 128) not null,
  "run_id" varchar(40) check (octet_length("run_id") <= 40) not null,
  "seq" integer not null,
  "observed_at" timestamp not null,
  "body" redshift.super not null
);

create table if not exists heimdallr."receipt" (
  "run_id" varchar(40) check (octet_length("run_id") <= 40) not null,
  "seq" integer not null,
  "feed" varchar(128) check (octet_length("feed") <= 128) not null,
  "record_type" varchar(64) check (octet_length("record_type") <= 64) not null,
  "observed_at" timestamp not null,
  "loaded_at" timestamp not null,
  "happened_at" timestamp
);

create table if not exists heimdallr."reconciliation" (
  "feed" varchar(128) check (octet_length("feed") <= 128) not null,
  "record_type" varchar(64) check (octet_length("record_type") <= 64) not null,
  "span_column" varchar(63) check (octet_length("span_column") <= 63) not null,
  "span_from" varchar(32) check (octet_length("span_from") <= 32) not null,
  "span_to" varchar(32) check (octet_length("span_to") <= 32) not null,
  "scope" varchar(512) check (octet_length("scope") <= 512) not null,
  "at_source" integer not null,
  "in_warehouse" integer not null,
  "rejected" integer not null,
  "missing" integer not null,
  "repaired" integer not null,
  "comparisons" integer not null,
  "status" varchar(16) check (octet_length("status") <= 16) not null,
  "walk_since" timestamp not null,
  "counted_at" timestamp not null,
  "checked_at" timestamp not null
);

create table if not exists heimdallr."reloaded_manifest" (
  "manifest" varchar(1024) check (octet_length("manifest") <= 1024) not null,
  "reloaded_at" timestamp not null
);

create table if not exists heimdallr."poll_page" (
  "run_id" varchar(40) check (octet_length("run_id") <= 40) not null,
  "page" integer not null,
  "producer" varchar(64) check (octet_length("producer") <= 64) not null,
  "walk" varchar(64) check (octet_length("walk") <= 64),
  "polled_at" timestamp not null,
  "first_seq" integer not null,
  "emitted" redshift.super not null,
  "unchanged" integer not null,
  "requests" integer not null,
  "is_caught_up" boolean not null,
  "newest_fact_at" timestamp,
  "_feed" varchar(128) check (octet_length("_feed") <= 128) not null,
  "_observed_at" timestamp not null,
  "_run_id" varchar(40) check (octet_length("_run_id") <= 40) not null
);

create table if not exists heimdallr."rejected_record" (
  "run_id" varchar(40) check (octet_length("run_id") <= 40) not null,
  "seq" integer not null,
  "digest" varchar(64) check (octet_length("digest") <= 64) not null,
  "rejected_type" varchar(64) check (octet_length("rejected_type") <= 64),
  "rejected_version" integer,
  "rejected_key" varchar(1024) check (octet_length("rejected_key") <= 1024),
  "happened_at" timestamp,
  "rejected_at" timestamp not null,
  "size_bytes" integer not null,
  "reasons" varchar(4096) check (octet_length("reasons") <= 4096) not null,
  "truncated_fields" varchar(1024) check (octet_length("truncated_fields") <= 1024),
  "_feed" varchar(128) check (octet_length("_feed") <= 128) not null,
  "_observed_at" timestamp not null,
  "_run_id" varchar(40) check (octet_length("_run_id") <= 40) not null
);

create table if not exists heimdallr."source_count" (
  "feed" varchar(128) check (octet_length("feed") <= 128) not null,
  "record_type" varchar(64) check (octet_length("record_type") <= 64) not null,
  "span_column" varchar(63) check (octet_length("span_column") <= 63) not null,
  "span_from" varchar(32) check (octet_length("span_from") <= 32) not null,
  "span_to" varchar(32) check (octet_length("span_to") <= 32) not null,
  "scope" varchar(512) check (octet_length("scope") <= 512) not null,
  "at_source" integer not null,
  "walk_since" timestamp not null,
  "counted_at" timestamp not null,
  "_feed" varchar(128) check (octet_length("_feed") <= 128) not null,
  "_observed_at" timestamp not null,
  "_run_id" varchar(40) check (octet_length("_run_id") <= 40) not null
);

lock heimdallr.landing;

create temp table batch (like heimdallr."poll_page");

insert into batch ("run_id", "page", "producer", "walk", "polled_at", "first_seq", "emitted", "unchanged", "requests", "is_caught_up", "newest_fact_at", "_feed", "_observed_at", "_run_id")
select redshift.super_varchar(body, 'run_id'),
  redshift.super_integer(body, 'page'),
  redshift.super_varchar(body, 'producer'),
  redshift.super_varchar(body, 'walk'),
  redshift.super_varchar(body, 'polled_at')::timestamp,
  redshift.super_integer(body, 'first_seq'),
  redshift.super_value(body, 'emitted'),
  redshift.super_integer(body, 'unchanged'),
  redshift.super_integer(body, 'requests'),
  redshift.super_boolean(body, 'is_caught_up'),
  redshift.super_varchar(body, 'newest_fact_at')::timestamp,
  feed,
  observed_at,
  run_id
from (
  select body, feed, observed_at, run_id,
    row_number() over (partition by record_key order by observed_at desc, run_id desc, seq desc) as newest
  from heimdallr.landing where record_type = 'poll_page' and record_version = 1
) as arrived where newest = 1;

insert into heimdallr.receipt (run_id, seq, feed, record_type, observed_at, happened_at, loaded_at)
select run_id, seq, feed, record_type, max(observed_at), max(redshift.super_varchar(body, 'polled_at')::timestamp), redshift.getdate()
from heimdallr.landing where record_type = 'poll_page' and record_version = 1
and not exists (select 1 from heimdallr.receipt where receipt.run_id = landing.run_id and receipt.seq = landing.seq)
group by run_id, seq, feed, record_type;

delete from batch using heimdallr."poll_page" where "poll_page"."run_id" = batch."run_id" and "poll_page"."page" = batch."page"
and ("poll_page"._observed_at > batch._observed_at
  or ("poll_page"._observed_at = batch._observed_at and "poll_page"._run_id >= batch._run_id));

merge into heimdallr."poll_page" using batch on "poll_page"."run_id" = batch."run_id" and "poll_page"."page" = batch."page"
when matched then update set "producer" = batch."producer", "walk" = batch."walk", "polled_at" = batch."polled_at", "first_seq" = batch."first_seq", "emitted" = batch."emitted", "unchanged" = batch."unchanged", "requests" = batch."requests", "is_caught_up" = batch."is_caught_up", "newest_fact_at" = batch."newest_fact_at", "_feed" = batch."_feed", "_observed_at" = batch."_observed_at", "_run_id" = batch."_run_id"
when not matched then insert ("run_id", "page", "producer", "walk", "polled_at", "first_seq", "emitted", "unchanged", "requests", "is_caught_up", "newest_fact_at", "_feed", "_observed_at", "_run_id")
values (batch."run_id", batch."page", batch."producer", batch."walk", batch."polled_at", batch."first_seq", batch."emitted", batch."unchanged", batch."requests", batch."is_caught_up", batch."newest_fact_at", batch."_feed", batch."_observed_at", batch."_run_id");

delete from heimdallr.landing where record_type = 'poll_page' and record_version = 1;

drop table batch;
