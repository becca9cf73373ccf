"""A pool from its creation to its end, with boto3. plane.mjs and TestPlane are the same script."""

import base64
import hashlib
import hmac
import json
import os
import struct
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

pool = json.loads(os.environ["POOL"])
client = boto3.client(
    "cognito-idp", region_name=pool["region"], endpoint_url=pool["endpoint"], aws_access_key_id="any",
    aws_secret_access_key="any", config=Config(retries={"total_max_attempts": 1}),
)
USERNAME, TEMPORARY, PASSWORD = "dora", "Correct-Horse-1", "Correct-Horse-2"


def refused(call, code, message):
    try:
        call()
    except ClientError as err:
        assert err.response["Error"]["Code"] == code, err
        assert err.response["Error"]["Message"] == message, err
    else:
        raise AssertionError("want " + code)


def done(name):
    print("ok: " + name)


out = client.create_user_pool(
    PoolName="plane", AutoVerifiedAttributes=["email"], UserPoolTags={"team": "a"},
    Policies={"PasswordPolicy": {"MinimumLength": 10, "RequireNumbers": True}},
    Schema=[{"Name": "team", "AttributeDataType": "String", "Mutable": True}],
)
pool_id = out["UserPool"]["Id"]
assert pool_id.startswith(pool["region"] + "_")
done("create pool")

out = client.set_user_pool_mfa_config(
    UserPoolId=pool_id, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True}
)
assert out["SoftwareTokenMfaConfiguration"]["Enabled"] is True
done("turn MFA on")

app = client.create_user_pool_client(
    UserPoolId=pool_id, ClientName="app", GenerateSecret=True,
    ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
)["UserPoolClient"]
client_id = app["ClientId"]
done("create client")

secret_hash = base64.b64encode(
    hmac.new(app["ClientSecret"].encode(), (USERNAME + client_id).encode(), hashlib.sha256).digest()
).decode()


def initiate(flow, **params):
    return client.initiate_auth(AuthFlow=flow, ClientId=client_id, AuthParameters={"SECRET_HASH": secret_hash, **params})


out = client.admin_create_user(
    UserPoolId=pool_id, Username=USERNAME, TemporaryPassword=TEMPORARY, MessageAction="SUPPRESS",
    UserAttributes=[{"Name": "email", "Value": "dora@example.com"}, {"Name": "custom:team", "Value": "a"}],
)
assert out["User"]["UserStatus"] == "FORCE_CHANGE_PASSWORD"
done("create user")

begun = client.admin_initiate_auth(
    UserPoolId=pool_id, ClientId=client_id, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
    AuthParameters={"USERNAME": USERNAME, "PASSWORD": TEMPORARY, "SECRET_HASH": secret_hash},
)
assert begun["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
tokens = client.admin_respond_to_auth_challenge(
    UserPoolId=pool_id, ClientId=client_id, ChallengeName=begun["ChallengeName"], Session=begun["Session"],
    ChallengeResponses={"USERNAME": USERNAME, "NEW_PASSWORD": PASSWORD, "SECRET_HASH": secret_hash},
)["AuthenticationResult"]
done("choose a password")

out = client.get_user(AccessToken=tokens["AccessToken"])
assert {"Name": "custom:team", "Value": "a"} in out["UserAttributes"]
done("get user")

secret = client.associate_software_token(AccessToken=tokens["AccessToken"])["SecretCode"]


def totp(step):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1).digest()
    offset = mac[19] & 0xF
    return "%06d" % ((struct.unpack(">I", mac[offset : offset + 4])[0] & 0x7FFFFFFF) % 1_000_000)


out = client.verify_software_token(AccessToken=tokens["AccessToken"], UserCode=totp(0))
assert out["Status"] == "SUCCESS"
client.set_user_mfa_preference(
    AccessToken=tokens["AccessToken"], SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
)
done("set up an authenticator")

refused(
    lambda: initiate("USER_PASSWORD_AUTH", USERNAME=USERNAME, PASSWORD=TEMPORARY),
    "NotAuthorizedException", "Incorrect username or password.",
)
done("refuse a wrong password")

begun = initiate("USER_PASSWORD_AUTH", USERNAME=USERNAME, PASSWORD=PASSWORD)
assert begun["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
tokens = client.respond_to_auth_challenge(
    ClientId=client_id, ChallengeName=begun["ChallengeName"], Session=begun["Session"],
    ChallengeResponses={"USERNAME": USERNAME, "SOFTWARE_TOKEN_MFA_CODE": totp(1), "SECRET_HASH": secret_hash},
)["AuthenticationResult"]
done("sign in with MFA")

refreshed = initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=tokens["RefreshToken"])["AuthenticationResult"]
assert "RefreshToken" not in refreshed
done("refresh")

access = refreshed["AccessToken"]
client.global_sign_out(AccessToken=access)
refused(lambda: client.get_user(AccessToken=access), "NotAuthorizedException", "Access Token has been revoked")
refused(
    lambda: initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=tokens["RefreshToken"]),
    "NotAuthorizedException", "Refresh Token has been revoked",
)
done("sign out")

described = client.describe_user_pool(UserPoolId=pool_id)["UserPool"]
assert described["MfaConfiguration"] == "OPTIONAL"
assert described["Policies"]["PasswordPolicy"]["MinimumLength"] == 10
assert described["EstimatedNumberOfUsers"] == 1
assert described["UserPoolTags"] == {"team": "a"}
listed = client.list_user_pools(MaxResults=60)["UserPools"]
assert any(p["Id"] == pool_id and p["Name"] == "plane" for p in listed)
done("describe pool")

client.delete_user_pool(UserPoolId=pool_id)
refused(
    lambda: client.describe_user_pool(UserPoolId=pool_id),
    "ResourceNotFoundException", "User pool %s does not exist." % pool_id,
)
done("delete pool")
