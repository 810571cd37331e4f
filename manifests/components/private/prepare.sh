# The key of this branch's cookies is made here, with each pod, and is nowhere else: a cookie of one branch is noise to
# the next, and a new pod asks everybody to sign in again.
umask 077
head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n' >/run/sign-in/cookie-secret
secret=$(cat /mnt/secrets/sign-in-ci-secret)
case $secret in
  *[!A-Za-z0-9_-]*) wrong=yes ;;
  *) [ "${#secret}" -ge 32 ] || wrong=yes ;;
esac
if [ -n "$wrong" ]; then
  echo 'sign-in-ci-secret of the vault must be 32 letters, digits, - and _ or more' >&2
  exit 1
fi
printf 'map $http_x_ci_secret $is_ci { default 0; "%s" 1; }\n' "$secret" >/run/sign-in/ci.conf
