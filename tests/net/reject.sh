#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R32: reject; the client learns at once, and by the right packet.
#
#   home ──── lan gw wan ──── net        gw rejects, at ingress and at egress
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
cat >rules <<'END'
	dport 1000 reject
	tcp dport 1001 reject with tcp-reset
	dport 1002 reject with port-unreachable
	dport 1003 reject with host-prohibited
	dport 1004 reject with admin-prohibited
END
for hook in ingress egress; do
	must_apply <<-END
		$hook {
		$(cat rules)
			accept
		}
	END
	py <<-END
		hook = "$hook"
		def quick(who, to, port):
		    """Sooner than it would have asked again; how fast the machine is, it is not about."""
		    t0 = time.monotonic()
		    refused(lambda: connect(who, to, port, timeout=3))
		    return time.monotonic() - t0 < 0.9
		for f in (4, 6):
		    for port, tcp, other in (
		            (1000, errno.ECONNREFUSED, errno.ECONNREFUSED),
		            (1001, errno.ECONNREFUSED, None),
		            (1002, errno.ECONNREFUSED, errno.ECONNREFUSED),
		            (1003, errno.EHOSTUNREACH if f == 4 else errno.EACCES,
		             errno.EHOSTUNREACH if f == 4 else errno.EACCES),
		            (1004, errno.EHOSTUNREACH if f == 4 else errno.EACCES,
		             errno.EHOSTUNREACH if f == 4 else errno.EACCES)):
		        for who in ("home", "gw"):
		            if who == "gw" and hook == "ingress":
		                continue
		            e = refused(lambda: connect(who, FAR[f], port, timeout=3))
		            equal(errno.errorcode.get(e), errno.errorcode.get(tcp),
		                  f"{hook} IPv{f} {who} TCP {port}")
		            # Linux clients try once more where an ICMPv6 error comes in the
		            # middle of connect(): nftables' reject shows them the same.
		            if f == 4 or port < 1002:
		                ok(wait_for(lambda: quick(who, FAR[f], port)),
		                   f"{hook} IPv{f} {who} TCP {port}: at once")
		            if other and who == "home":
		                with ns(who):
		                    u = socket.socket(FAMILY[f], socket.SOCK_DGRAM)
		                u.settimeout(TIMEOUT)
		                u.connect((FAR[f], port))
		                u.send(b"x")
		                e = refused(lambda: u.recv(10))
		                equal(errno.errorcode.get(e), errno.errorcode.get(other),
		                      f"{hook} IPv{f} UDP {port}")
		equal(len([c for c in conn_list() if c["protocol"] != "icmpv6"]), 0, f"{hook}: nothing is left")
		ok(stats()["verdicts"]["reject"] >= 18, f"{hook}: counted", stats()["verdicts"])
	END
	fw flush >/dev/null
done

# What starts here and is led elsewhere is answered as by whom it dialled; and lo lets that
# in for what it is.
must_apply <<'END'
ingress { ct state untracked accept; ct state invalid drop; accept }
egress {
	oif wan tcp dport 90 dnat to 192.168.1.2:8080 accept
	oif wan tcp dport 90 dnat to [fd00:1::2]:8080 accept
	oif lan dport 90 reject id led
	accept
}
END
py <<'END'
for f in (4, 6):
    before = rule("led")["hits"]
    equal(refused(lambda: connect("gw", FAR[f], 90, timeout=3)), errno.ECONNREFUSED,
          f"IPv{f}: led elsewhere, and rejected there: the program is told")
    equal(rule("led")["hits"] - before, 1, f"IPv{f}: at once")
END
done_testing
