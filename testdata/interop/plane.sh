#!/bin/sh
# The calls of an administrator with the AWS CLI, whose endpoint, region and credentials are in the environment.
set -eu
aws() { command aws --endpoint-url "$ENDPOINT" --output text "$@"; }
ok() { echo "ok: $1"; }

id=$(aws cognito-idp create-user-pool --pool-name plane --query UserPool.Id)
ok 'create pool'
aws cognito-idp set-user-pool-mfa-config --user-pool-id "$id" --mfa-configuration OPTIONAL \
	--software-token-mfa-configuration Enabled=true >/dev/null
ok 'turn MFA on'
client=$(aws cognito-idp create-user-pool-client --user-pool-id "$id" --client-name app --query UserPoolClient.ClientId \
	--explicit-auth-flows ALLOW_USER_PASSWORD_AUTH ALLOW_REFRESH_TOKEN_AUTH)
ok 'create client'
aws cognito-idp admin-create-user --user-pool-id "$id" --username dora --message-action SUPPRESS >/dev/null
aws cognito-idp admin-set-user-password --user-pool-id "$id" --username dora --password Correct-Horse-1 --permanent
ok 'create user'
token=$(aws cognito-idp initiate-auth --client-id "$client" --auth-flow USER_PASSWORD_AUTH \
	--auth-parameters USERNAME=dora,PASSWORD=Correct-Horse-1 --query AuthenticationResult.AccessToken)
[ "$(aws cognito-idp get-user --access-token "$token" --query Username)" = dora ]
ok 'sign in'
aws cognito-idp global-sign-out --access-token "$token"
if aws cognito-idp get-user --access-token "$token" >/dev/null 2>&1; then exit 1; fi
ok 'sign out'
[ "$(aws cognito-idp describe-user-pool --user-pool-id "$id" --query UserPool.MfaConfiguration)" = OPTIONAL ]
ok 'describe pool'
aws cognito-idp delete-user-pool --user-pool-id "$id"
if aws cognito-idp describe-user-pool --user-pool-id "$id" >/dev/null 2>&1; then exit 1; fi
ok 'delete pool'
