#!/usr/bin/env bash
# Makes room for the e2e tests' clusters of many nodes, and says so: each node
# holds about nine inotify instances (kubelet, containerd, kube-proxy), and the
# kernel's default is 128 a user. The next boot takes it back.
set -eu -o pipefail
limit=/proc/sys/fs/inotify/max_user_instances
needed=512
[ "$(cat $limit)" -lt $needed ] || exit 0
if [ ! -w $limit ]; then
	echo "inotify: fs.inotify.max_user_instances is $(cat $limit), and cannot be raised here: tests with ten nodes may fail; on the host: sysctl fs.inotify.max_user_instances=$needed" >&2
	exit 0
fi
echo "inotify: raising fs.inotify.max_user_instances from $(cat $limit) to $needed, until the next boot"
echo $needed >$limit
