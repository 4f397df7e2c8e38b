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

create table if not exists heimdallr."impact_item" (
  "project_id" bigint not null,
  "item_id" bigint not null,
  "horizon" smallint not null,
  "rank" integer not null,
  "occurrences" integer not null,
  "users_affected" integer,
  "coverage" float8,
  "scaled_loss" float8,
  "tier" varchar(16) check (octet_length("tier") <= 16) not null,
  "reason" varchar(64) check (octet_length("reason") <= 64),
  "matched_share" float8,
  "n1" integer not null,
  "p1" float8,
  "p0" float8,
  "rd" float8,
  "ci_lo" float8,
  "ci_hi" float8,
  "b" float8,
  "z" float8,
  "p" float8,
  "q" float8,
  "rd_shrunk" float8,
  "sd_shrunk" float8,
  "p_harm" float8,
  "new_episodes" integer not null,
  "new_episodes_4w" integer not null,
  "users_lost_window" float8,
  "users_lost_per_week" float8,
  "users_lost_per_week_low" float8,
  "users_lost_per_week_high" float8,
  "revenue_lost_per_week" float8,
  "rd_pass1" float8,
  "linked_item_id" bigint,
  "link_share" float8,
  "symptom_of" bigint,
  "inseparable" boolean not null,
  "trend" varchar(8) check (octet_length("trend") <= 8),
  "introduced_release_id" varchar(128) check (octet_length("introduced_release_id") <= 128),
  "introduced_how" varchar(16) check (octet_length("introduced_how") <= 16) not null,
  "window_from" date not null,
  "data_through" date not null,
  "computed_at" timestamp not null
);

create table if not exists heimdallr."impact_week" (
  "project_id" bigint not null,
  "item_id" bigint not null,
  "week" date not null,
  "is_complete" boolean not null,
  "new_episodes" integer not null,
  "n1" integer not null,
  "rd" float8,
  "ci_lo" float8,
  "ci_hi" float8,
  "users_lost" float8
);

create table if not exists heimdallr."impact_release" (
  "release_id" varchar(128) check (octet_length("release_id") <= 128) not null,
  "horizon" smallint not null,
  "items" integer not null,
  "tier" varchar(16) check (octet_length("tier") <= 16) not null,
  "reason" varchar(64) check (octet_length("reason") <= 64),
  "matched_share" float8,
  "n1" integer not null,
  "p1" float8,
  "p0" float8,
  "rd" float8,
  "ci_lo" float8,
  "ci_hi" float8,
  "b" float8,
  "z" float8,
  "p" float8,
  "q" float8,
  "rd_shrunk" float8,
  "sd_shrunk" float8,
  "p_harm" float8,
  "new_episodes" integer not null,
  "new_episodes_4w" integer not null,
  "users_lost_window" float8,
  "users_lost_per_week" float8,
  "users_lost_per_week_low" float8,
  "users_lost_per_week_high" float8,
  "revenue_lost_per_week" float8,
  "window_from" date not null,
  "data_through" date not null,
  "computed_at" timestamp not null
);

create table if not exists heimdallr."fix_check" (
  "project_id" bigint not null,
  "item_id" bigint not null,
  "resolved_at" timestamp not null,
  "release_id" varchar(128) check (octet_length("release_id") <= 128),
  "exposed_before" integer not null,
  "exposed_after" integer not null,
  "rate_before" float8,
  "rate_after" float8,
  "ratio" float8,
  "ratio_lo" float8,
  "ratio_hi" float8,
  "verdict" varchar(16) check (octet_length("verdict") <= 16) not null,
  "avoided_per_week" float8,
  "rd_before" float8,
  "rd_before_lo" float8,
  "rd_before_hi" float8,
  "rd_after" float8,
  "rd_after_lo" float8,
  "rd_after_hi" float8,
  "retention_verdict" varchar(16) check (octet_length("retention_verdict") <= 16) not null,
  "computed_at" timestamp not null
);

create table if not exists heimdallr."impact_run" (
  "computed_at" timestamp not null,
  "status" varchar(16) check (octet_length("status") <= 16) not null,
  "refusal" varchar(1024) check (octet_length("refusal") <= 1024),
  "seconds" float8 not null,
  "is_incremental" boolean not null,
  "window_from" date,
  "data_through" date,
  "parameters" redshift.super not null,
  "occurrences" integer not null,
  "user_days" integer not null,
  "users" integer not null,
  "items" integer not null,
  "coverage" float8,
  "mapping_share" float8,
  "warnings" redshift.super not null
);

create table if not exists heimdallr."bug_lineage" (
  "project_id" bigint not null,
  "item_id" bigint not null,
  "event" varchar(16) check (octet_length("event") <= 16) not null,
  "event_at" timestamp not null,
  "occurrence_id" bigint,
  "code_version" varchar(256) check (octet_length("code_version") <= 256),
  "release_id" varchar(128) check (octet_length("release_id") <= 128),
  "release_source" varchar(32) check (octet_length("release_source") <= 32),
  "release_version" varchar(64) check (octet_length("release_version") <= 64),
  "released_at" timestamp,
  "commit_sha" varchar(64) check (octet_length("commit_sha") <= 64),
  "pipeline_id" varchar(64) check (octet_length("pipeline_id") <= 64),
  "pipeline_source" varchar(32) check (octet_length("pipeline_source") <= 32),
  "how" varchar(16) check (octet_length("how") <= 16) not null,
  "confidence" float8,
  "evidence" varchar(1024) check (octet_length("evidence") <= 1024) not null
);

create table if not exists heimdallr."release" (
  "release_id" varchar(128) check (octet_length("release_id") <= 128) not null,
  "release_source" varchar(32) check (octet_length("release_source") <= 32) not null,
  "app" varchar(256) check (octet_length("app") <= 256),
  "environment" varchar(256) check (octet_length("environment") <= 256),
  "version" varchar(64) check (octet_length("version") <= 64),
  "commit_sha" varchar(256) check (octet_length("commit_sha") <= 256),
  "created_at" timestamp not null,
  "released_at" timestamp not null,
  "status" varchar(64) check (octet_length("status") <= 64) not null,
  "is_production" boolean not null,
  "is_rollback" boolean not null,
  "is_config_only" boolean not null,
  "same_as" varchar(128) check (octet_length("same_as") <= 128)
);

create table if not exists heimdallr."delivery_daily" (
  "day" date not null,
  "deployments" integer not null,
  "lead_time_p50_seconds" float8,
  "lead_time_p90_seconds" float8,
  "change_failures" integer not null,
  "change_failure_rate" float8,
  "restore_p50_seconds" float8
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
