// SPDX-License-Identifier: GPL-2.0
/*
 * Building a policy aside, publishing it, retiring the former one.
 *
 * Everything that can fail happens before the swap, and is undone where it
 * does: verifying, slots, hooks. The swap is one rcu_assign_pointer(). The
 * former policy is freed by a work item after a grace period, since it lets go
 * of its slots under fwt_net.lock.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "barred.h"
#include "conn.h"
#include "count.h"
#include "hook.h"
#include "node.h"
#include "policy.h"
#include "route.h"
#include "core/verify.h"

/* Connections may take a thirty-second part of the memory there is, whoever
 * many they then are; the hash has about a quarter more.
 */
static u32 default_conn_max(void)
{
	u64 bytes = (u64)totalram_pages() << PAGE_SHIFT;

	return clamp_t(u64, div_u64(bytes / 32, 320), 1024, 1u << 22);
}

static u64 ticks(u64 ms)
{
	return DIV_ROUND_UP_ULL(ms * HZ, MSEC_PER_SEC);
}

/* Expiry is compared as a signed difference of 32 bits. */
static u32 expiry(u64 ms)
{
	return min_t(u64, ticks(ms), S32_MAX / 2);
}

static void read_options(struct fwt_policy *p)
{
	struct fwt_options *o = &p->opt;
	u32 i, k;

	for (k = 0; k < 2; k++)
		for (i = 0; i < __FWT_TIMEOUT_MAX; i++)
			o->timeout[k][i] = expiry(1000ull * fwt_timeout_default(i, k));
	o->conn_max = default_conn_max();
	o->adaptive_start = U32_MAX;
	o->adaptive_end = U32_MAX;
	o->adopt = 60 * HZ;
	o->nat_lo = 1024;
	o->nat_hi = 65535;
	o->revalidate = 1;
	o->counters = 1;
	o->log_rate = 10;
	o->answer_rate = 100;
	o->event_rate = 10000;

	for (i = 0; i < p->prog.n[FWT_SEC_OPTIONS]; i++) {
		u64 v = p->prog.option[i].value;
		u32 id = p->prog.option[i].option;

		switch (id) {
		case FWT_OPTION_CONN_MAX:
			o->conn_max = v;
			break;
		case FWT_OPTION_CONN_MAX_PER_SOURCE:
			o->conn_max_per_source = v;
			break;
		case FWT_OPTION_CONN_ADAPTIVE_START:
			o->adaptive_start = v;
			break;
		case FWT_OPTION_CONN_ADAPTIVE_END:
			o->adaptive_end = v;
			break;
		case FWT_OPTION_TIMEOUT_TCP_SYN_SENT ... FWT_OPTION_TIMEOUT_OTHER:
			/* In the order of enum fwt_timeout. */
			id -= FWT_OPTION_TIMEOUT_TCP_SYN_SENT;
			o->timeout[0][id] = expiry(v);
			o->timeout[1][id] = expiry(v);
			break;
		case FWT_OPTION_TCP_LOOSE:
			o->tcp_loose = v;
			break;
		case FWT_OPTION_ADOPT:
			o->adopt = ticks(v);
			break;
		case FWT_OPTION_REVALIDATE:
			o->revalidate = v;
			break;
		case FWT_OPTION_EVALUATE:
			o->per_packet = v;
			break;
		case FWT_OPTION_COUNTERS:
			o->counters = v;
			break;
		case FWT_OPTION_LOG_RATE:
			o->log_rate = v;
			break;
		case FWT_OPTION_ANSWER_RATE:
			o->answer_rate = v;
			break;
		case FWT_OPTION_EVENT_RATE:
			o->event_rate = v;
			break;
		case FWT_OPTION_HAIRPIN:
			o->hairpin = v;
			break;
		case FWT_OPTION_NAT_PORTS:
			o->nat_lo = v >> 16;
			o->nat_hi = v & 0xffff;
			break;
		}
	}
	/* As pf has it: at the limit a third of the timeouts is left. */
	if (o->adaptive_start == U32_MAX)
		o->adaptive_start = o->conn_max / 10 * 6;
	if (o->adaptive_end == U32_MAX)
		o->adaptive_end = o->conn_max / 10 * 12;
	if (!o->adaptive_start)
		o->adaptive_end = 0;
	BUILD_BUG_ON(FWT_OPTION_TIMEOUT_OTHER - FWT_OPTION_TIMEOUT_TCP_SYN_SENT + 1 !=
		     __FWT_TIMEOUT_MAX);
}

static void note_runs(struct fwt_base *b)
{
	u32 n = fwt_n_slots(&b->prog), first, i;

	for (first = 0; first < n; first += FWT_RUN) {
		u32 end = min(n, first + FWT_RUN);

		fwt_rest(first);
		for (i = first; i < end && b->slot[i] == b->slot[first] + (i - first); i++)
			;
		b->run[first / FWT_RUN] = i == end ? b->slot[first] : FWT_NONE;
	}
}

static void base_free(struct fwt_base *b)
{
	if (!b)
		return;
	kvfree(b->of.forest);
	kvfree(b->of.rule);
	kvfree(b->slot);
	kvfree(b->run);
	kvfree(b->row);
	kvfree(b->object);
	kvfree(b->digest);
	kfree(b->digest_key);
	fwt_filters_free(b);
	fwt_nodes_free(b);
	kvfree(b->blob);
	kfree(b);
}

/* What a program has of the namespace; no walk can meet it any more. */
static void base_put_things(struct fwt_net *fn, struct fwt_base *b)
{
	lockdep_assert_held(&fn->lock);
	fwt_slots_put(fn, b->slot, fwt_n_slots(&b->prog));
	fwt_objects_put(b->object, b->prog.n[FWT_SEC_OBJECTS]);
}

void fwt_change_free(struct fwt_change *c)
{
	if (!c)
		return;
	kvfree(c->slot);
	bitmap_free(c->known);
	kvfree(c->object);
	kvfree(c->tables);
	kvfree(c->blob);
	kfree(c);
}

void fwt_policy_free(struct fwt_policy *p)
{
	if (!p)
		return;
	fwt_nflog_put(p);
	if (p->base && !p->base->users)
		base_free(p->base);
	fwt_change_free(p->change);
	kfree(p);
}

static void policy_free_work(struct work_struct *work)
{
	struct fwt_policy *p = container_of(to_rcu_work(work), struct fwt_policy,
					    free);
	struct fwt_net *fn = p->fn;

	mutex_lock(&fn->lock);
	/* Whoever uses them still may be the last one any moment. */
	if (p->change && !--p->change->users) {
		fwt_slots_put(fn, p->change->slot, fwt_n_slots(&p->change->patch.prog));
		fwt_objects_put(p->change->object, p->change->patch.prog.n[FWT_SEC_OBJECTS]);
	} else {
		p->change = NULL;
	}
	if (!--p->base->users)
		base_put_things(fn, p->base);
	else
		p->base = NULL;
	fwt_slots_reap(fn);
	mutex_unlock(&fn->lock);
	fwt_policy_free(p);
}

void fwt_policy_retire(struct fwt_policy *p)
{
	if (!p)
		return;
	INIT_RCU_WORK(&p->free, policy_free_work);
	queue_rcu_work(fwt_wq, &p->free);
}

u32 fwt_policy_slot_line(const struct fwt_policy *p, const struct fwt_slot *s)
{
	u32 line = READ_ONCE(s->line), i = READ_ONCE(s->file_no);
	const struct fwt_name *file;

	if (!p || !p->change || READ_ONCE(s->placed))
		return line;
	file = rcu_dereference_check(s->file, lockdep_is_held(&p->fn->lock));
	/* A rule of a policy before may be left, as long as connections remember it. */
	if (!file || i >= p->prog.n[FWT_SEC_FILES] ||
	    strcmp(file->text, p->prog.string + p->prog.file[i].name))
		return line;
	return fwt_patch_line(&p->change->patch, i, line);
}

/* What patches need to know; each array has an entry at least. */
static int learn(struct fwt_base *b, const void *scratch)
{
	b->of.forest = kvmalloc_array(b->prog.n[FWT_SEC_FORESTS] + 1, sizeof(*b->of.forest),
				      GFP_KERNEL_ACCOUNT);
	b->of.rule = kvmalloc_array(b->prog.n[FWT_SEC_RULES] + 1, sizeof(u32),
				    GFP_KERNEL_ACCOUNT);
	if (!b->of.forest || !b->of.rule)
		return -ENOMEM;
	fwt_patchable_init(&b->of, &b->prog, scratch);
	return 0;
}

/* Verify without a lock: it takes milliseconds for a large program. */
static struct fwt_policy *policy_new(struct fwt_net *fn, void *blob, size_t len,
				     struct netlink_ext_ack *extack)
{
	struct fwt_verify_error err = { };
	struct fwt_policy *p;
	struct fwt_base *b;
	size_t need;
	void *scratch = NULL;
	int ret;

	p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!p || !b) {
		kfree(p);
		kfree(b);
		kvfree(blob);
		return ERR_PTR(-ENOMEM);
	}
	p->fn = fn;
	p->base = b;
	b->blob = blob;
	b->len = len;
	need = fwt_verify_scratch(blob, len);
	if (need) {
		scratch = kvmalloc(need, GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
		if (!scratch) {
			ret = -ENOMEM;
			goto fail;
		}
	}
	ret = fwt_verify(blob, len, scratch, &b->prog, &err);
	if (ret)
		NL_SET_ERR_MSG_FMT(extack, "%s", err.text);
	else
		ret = learn(b, scratch);
	kvfree(scratch);
	if (ret)
		goto fail;
	ret = fwt_digests_make(b);
	if (ret)
		goto fail;
	ret = fwt_nflog_get(p, &b->prog, true, extack);
	if (ret)
		goto fail;
	b->slot = kvmalloc_array(fwt_n_slots(&b->prog) + 1, sizeof(u32), GFP_KERNEL_ACCOUNT);
	b->run = kvmalloc_array(fwt_n_slots(&b->prog) / FWT_RUN + 1, sizeof(u32),
				GFP_KERNEL_ACCOUNT);
	b->object = kvcalloc(b->prog.n[FWT_SEC_OBJECTS] + 1, sizeof(*b->object),
			     GFP_KERNEL_ACCOUNT);
	if (!b->slot || !b->run || !b->object) {
		ret = -ENOMEM;
		goto fail;
	}
	if (b->prog.n[FWT_SEC_FORESTS]) {
		b->row = kvmalloc_array(fwt_n_rows(&b->prog), sizeof(*b->row),
					GFP_KERNEL_ACCOUNT);
		if (!b->row) {
			ret = -ENOMEM;
			goto fail;
		}
		fwt_rows_note(&b->prog, b->row);
		b->prog.row = b->row;
	}
	ret = fwt_filters_make(b);
	if (ret) {
		NL_SET_ERR_MSG(extack, "the kernel refuses a filter of 'bpf'");
		goto fail;
	}
	ret = fwt_nodes_make(fn, b, extack);
	if (ret)
		goto fail;
	p->prog = b->prog;
	p->slot = b->slot;
	p->run = b->run;
	p->object = b->object;
	read_options(p);
	p->applied = ktime_get_real_seconds();
	return p;
fail:
	fwt_policy_free(p);
	return ERR_PTR(ret);
}

bool fwt_program_counts(const struct fwt_program *prog)
{
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_TESTS]; i++) {
		fwt_rest(i);
		if (prog->test[i].op == FWT_TEST_COUNT)
			return true;
	}
	return false;
}

/* With another rate a new interval begins: of a rate a day the rest of the day would
 * be long.
 */
static void set_rate(struct ratelimit_state *rs, u64 rate)
{
	int interval = HZ * (FWT_RATE_SECONDS(rate) ?: 1);
	int burst = FWT_RATE_COUNT(rate);
	unsigned long flags;

	raw_spin_lock_irqsave(&rs->lock, flags);
	if (rs->burst != burst || rs->interval != interval)
		rs->begin = jiffies - interval - 1;
	WRITE_ONCE(rs->interval, interval);
	WRITE_ONCE(rs->burst, burst);
	raw_spin_unlock_irqrestore(&rs->lock, flags);
}

/* Connections went on, or began, and nobody looked. */
static void begin_tracking(struct fwt_net *fn, const struct fwt_policy *p)
{
	const struct fwt_policy *old = fwt_policy_locked(fn);

	if (!fwt_policy_tracks(p) || (old && fwt_policy_tracks(old)))
		return;
	fwt_unbar(fn);
	fwt_conns_resume(fn);
	WRITE_ONCE(fn->adopt_until, get_jiffies_64() + p->opt.adopt);
}

void fwt_policy_publish(struct fwt_net *fn, struct fwt_policy *p)
{
	lockdep_assert_held(&fn->lock);
	begin_tracking(fn, p);
	p->gen = ++fn->generation;
	WRITE_ONCE(fn->conn_max, p->opt.conn_max);
	set_rate(&fn->answer_limit, p->opt.answer_rate);
	set_rate(&fn->told[FWT_TOLD_CONNS].limit, p->opt.event_rate);
	set_rate(&fn->told[FWT_TOLD_DROPS].limit, p->opt.event_rate);
	set_rate(&fn->told[FWT_TOLD_LOGS].limit, p->opt.log_rate);
	p->phase = !fn->phase;
	fn->phase = p->phase;
	rcu_assign_pointer(fn->policy, p);
	WRITE_ONCE(fn->swapped, get_state_synchronize_rcu());
	if (p->prog.n[FWT_SEC_OBJECTS])
		queue_work(fwt_wq, &fn->rest);
}

void fwt_policy_lock_alone(struct fwt_net *fn)
{
	fwt_policy_alone(fn);
	mutex_lock(&fn->lock);
	/* Another one may have come, which is seldom. */
	fwt_policy_alone(fn);
}

static void rest(struct work_struct *work)
{
	struct fwt_net *fn = container_of(work, struct fwt_net, rest);
	const struct fwt_policy *p;

	fwt_policy_lock_alone(fn);
	p = fwt_policy_locked(fn);
	if (p)
		fwt_objects_rest(p->object, p->prog.n[FWT_SEC_OBJECTS]);
	mutex_unlock(&fn->lock);
}

void fwt_policies_net_init(struct fwt_net *fn)
{
	INIT_WORK(&fn->rest, rest);
	fn->swapped = get_state_synchronize_rcu();
}

void fwt_policies_net_clean(struct fwt_net *fn)
{
	cancel_work_sync(&fn->rest);
}

static int apply(struct fwt_net *fn, void *blob, size_t len, u32 expect, u32 trial,
		 struct netlink_ext_ack *extack, u32 *gen)
{
	struct fwt_policy *p, *old, *spare = NULL;
	bool rtnl = false, changed = false;
	int ret;

	p = policy_new(fn, blob, len, extack);
	if (IS_ERR(p)) {
		if (PTR_ERR(p) == -ENOMEM)
			NL_SET_ERR_MSG_FMT(extack, "no memory to verify a policy of %zu bytes",
					   len);
		return PTR_ERR(p);
	}

	if (trial) {
		spare = kmalloc(sizeof(*spare), GFP_KERNEL_ACCOUNT);
		if (!spare) {
			fwt_policy_free(p);
			NL_SET_ERR_MSG(extack, "no memory to go back with");
			return -ENOMEM;
		}
	}
	fwt_objects_await(fn, &p->prog);
	mutex_lock(&fn->lock);
	/* RTNL comes first; only policies of devices need it. */
	if (fwt_hooks_need_rtnl(fn, p)) {
		mutex_unlock(&fn->lock);
		rtnl_lock();
		mutex_lock(&fn->lock);
		rtnl = true;
	}
	if (fn->dying) {
		ret = -ENODEV;
		goto fail;
	}
	/* Who is not root of the machine does not say how much of it is theirs. */
	if (fn->net->user_ns != &init_user_ns && p->opt.conn_max > default_conn_max()) {
		NL_SET_ERR_MSG_FMT(extack, "here conn-max is at most %u",
				   default_conn_max());
		ret = -EPERM;
		goto fail;
	}
	if (expect != FWT_GENERATION_ANY && expect != fn->generation) {
		NL_SET_ERR_MSG_FMT(extack, "the generation moved from %u to %u",
				   expect, fn->generation);
		ret = -EAGAIN;
		goto fail;
	}
	if (fn->trial.on && !trial) {
		NL_SET_ERR_MSG(extack, "a policy is on trial: confirm it, or roll it back, first");
		ret = -EBUSY;
		goto fail;
	}
	ret = fwt_slots_get(fn, &p->prog, false, p->base->slot);
	if (ret) {
		NL_SET_ERR_MSG_FMT(extack, "no memory for the counters of %u rules",
				   p->prog.n[FWT_SEC_RULES]);
		goto fail;
	}
	note_runs(p->base);
	changed = READ_ONCE(fn->sets_changed);
	WRITE_ONCE(fn->sets_changed, false);
	ret = fwt_objects_get(fn, &p->prog, p->base->object, extack);
	if (ret) {
		fwt_slots_put(fn, p->slot, fwt_n_slots(&p->prog));
		goto fail;
	}
	if (p->opt.conn_max_per_source || fwt_program_counts(&p->prog))
		ret = fwt_counts_init(fn, p->opt.conn_max);
	if (ret) {
		NL_SET_ERR_MSG(extack, "no memory to count connections");
		goto fail_things;
	}
	ret = fwt_hooks_get(fn, p, extack);
	if (ret)
		goto fail_things;
	fwt_objects_publish(&p->prog, p->base->object);
	old = fwt_policy_locked(fn);
	p->base->users = 1;
	fwt_slots_place(fn, &p->prog, false, p->slot);
	fwt_policy_publish(fn, p);
	/* What the former policy is bound to stays so while it may come back. */
	if (trial)
		fwt_trial_begin(fn, old, spare, trial);
	else
		fwt_hooks_settle(fn);
	*gen = p->gen;
	mutex_unlock(&fn->lock);
	if (rtnl)
		rtnl_unlock();
	if (!trial)
		fwt_policy_retire(old);
	return 0;
fail_things:
	fwt_objects_cancel(p->base->object, p->prog.n[FWT_SEC_OBJECTS]);
	base_put_things(fn, p->base);
fail:
	if (changed)
		WRITE_ONCE(fn->sets_changed, true);
	mutex_unlock(&fn->lock);
	if (rtnl)
		rtnl_unlock();
	kfree(spare);
	fwt_policy_free(p);
	return ret;
}

int fwt_policy_apply(struct fwt_net *fn, void *blob, size_t len, u32 expect,
		     struct netlink_ext_ack *extack, u32 *gen)
{
	return apply(fn, blob, len, expect, 0, extack, gen);
}

int fwt_policy_try(struct fwt_net *fn, void *blob, size_t len, u32 expect, u32 ms,
		   struct netlink_ext_ack *extack, u32 *gen)
{
	return apply(fn, blob, len, expect, ms, extack, gen);
}

struct fwt_policy *fwt_policy_take(struct fwt_net *fn)
{
	struct fwt_policy *old = fwt_policy_locked(fn);

	ASSERT_RTNL();
	fwt_trial_end(fn);
	if (old) {
		fn->generation++;
		rcu_assign_pointer(fn->policy, NULL);
	}
	fwt_hooks_put(fn);
	return old;
}

void fwt_policy_taken(struct fwt_net *fn, struct fwt_policy *old)
{
	if (old) {
		/* Packets that are on their way through a hook may still make
		 * connections under the former policy.
		 */
		synchronize_rcu();
		fwt_route_clean(fn);
		/* Another policy may have come meanwhile: what that accepts is its own. */
		fwt_conns_flush_of(fn, old->gen);
	}
	fwt_policy_retire(old);
}

bool fwt_policy_flush(struct fwt_net *fn)
{
	struct fwt_policy *old;

	rtnl_lock();
	mutex_lock(&fn->lock);
	old = fwt_policy_take(fn);
	mutex_unlock(&fn->lock);
	rtnl_unlock();
	fwt_policy_taken(fn, old);
	return old;
}
