// SPDX-License-Identifier: GPL-2.0
/* Who sends: the owner of a packet's socket, and the cgroup that it was made in. */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <net/sock.h>

#include "way.h"

/* Of the file that programs know the socket by, as of nftables' "meta skuid": who
 * made it, whoever has it now. The kernel's own sockets have none. A socket that is
 * let go of loses its file under this lock, and only then is that freed.
 */
static int owner(struct sock *sk, bool group, u32 *out)
{
	struct user_namespace *user = sock_net(sk)->user_ns;
	const struct socket *sock;
	const struct file *file;
	int words = 0;

	read_lock_bh(&sk->sk_callback_lock);
	sock = sk->sk_socket;
	file = sock ? READ_ONCE(sock->file) : NULL;
	if (file) {
		words = 1;
		out[0] = group ? from_kgid_munged(user, file->f_cred->fsgid) :
				 from_kuid_munged(user, file->f_cred->fsuid);
	}
	read_unlock_bh(&sk->sk_callback_lock);
	return words;
}

/* The id that its folder has as inode number; of cgroup v2. */
static int cgroup(struct sock *sk, u32 *out)
{
#ifdef CONFIG_SOCK_CGROUP_DATA
	u64 id = cgroup_id(sock_cgroup_ptr(&sk->sk_cgrp_data));

	out[0] = upper_32_bits(id);
	out[1] = lower_32_bits(id);
	return 2;
#else
	return 0;
#endif
}

int fwt_world_owner(const struct fwt_env *env, unsigned int field, u32 *out)
{
	const struct fwt_world *w = container_of(env, struct fwt_world, env);
	struct sock *sk = w->sk;

	if (!sk)
		return 0;
	switch (field) {
	case FWT_FIELD_UID:
	case FWT_FIELD_GID:
		return owner(sk, field == FWT_FIELD_GID, out);
	case FWT_FIELD_CGROUP:
		return cgroup(sk, out);
	}
	return 0;
}
