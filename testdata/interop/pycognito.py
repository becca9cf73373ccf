"""pycognito's flows, written out with boto3 and srp.py: what its methods send, in their order, against a pool."""

import base64
import hashlib
import hmac
import json
import os
import struct
import urllib.parse
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import srp

pool = json.loads(os.environ["POOL"])
POOL_ID, CLIENT_ID, SECRET = pool["poolId"], pool["clientId"], pool.get("clientSecret")
NAMESPACE = POOL_ID.split("_")[1]
PASSWORD = pool["password"]
client = boto3.client(
    "cognito-idp", region_name=pool["region"], endpoint_url=pool["endpoint"], aws_access_key_id="any",
    aws_secret_access_key="any", config=Config(retries={"total_max_attempts": 1}),
)


def get(url, **params):
    with urllib.request.urlopen(url + ("?" + urllib.parse.urlencode(params) if params else "")) as answer:
        return answer.read().decode()


def code(username):
    return get(pool["control"] + "/code", username=username)


def refused(call, exception, message):
    try:
        call()
    except ClientError as err:
        got = err.response["Error"]
        assert (got["Code"], got["Message"]) == (exception, message), got
    else:
        raise AssertionError("want " + exception)


def ok(name):
    print("ok: " + name, flush=True)


def hashed(username):
    return {"SecretHash": srp.secret_hash(username, CLIENT_ID, SECRET)} if SECRET else {}


def named(username, **params):
    if SECRET:
        params["SECRET_HASH"] = srp.secret_hash(username, CLIENT_ID, SECRET)
    return {"USERNAME": username, **params}


def respond(begun, username, **params):
    members = {"Session": begun["Session"]} if begun.get("Session") else {}
    return client.respond_to_auth_challenge(
        ClientId=CLIENT_ID, ChallengeName=begun["ChallengeName"], ChallengeResponses=named(username, **params), **members
    )


def authenticate(username, password, device=None):
    """AWSSRP.authenticate_user: the proof of the password, and of the device if there is one."""
    key = {"DEVICE_KEY": device["key"]} if device else {}
    half = srp.Client()
    begun = client.initiate_auth(
        ClientId=CLIENT_ID, AuthFlow="USER_SRP_AUTH", AuthParameters=named(username, SRP_A=half.srp_a, **key)
    )
    assert begun["ChallengeName"] == "PASSWORD_VERIFIER"
    params = begun["ChallengeParameters"]
    # pycognito sends no session here, and with AWS there is none.
    assert "Session" not in begun
    claim = half.claim(params, NAMESPACE, params["USER_ID_FOR_SRP"], password)
    out = respond(begun, params["USERNAME"], **claim, **key)
    if out.get("ChallengeName") == "DEVICE_SRP_AUTH":
        # It leaves the sessions out, and takes the SRP_A that it has.
        out = respond({"ChallengeName": "DEVICE_SRP_AUTH"}, params["USERNAME"], SRP_A=half.srp_a, **key)
        assert out["ChallengeName"] == "DEVICE_PASSWORD_VERIFIER"
        claim = half.claim(out["ChallengeParameters"], device["group"], device["key"], device["password"])
        out = respond({"ChallengeName": out["ChallengeName"]}, params["USERNAME"], **claim, **key)
    return out


def tokens(out):
    assert "ChallengeName" not in out, out["ChallengeName"]
    return out["AuthenticationResult"]


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(token, use):
    """Cognito.verify_token: the signature by the key set, and the claims."""
    head, body, signature = token.split(".")
    kid = json.loads(unpadded(head))["kid"]
    key = next(k for k in json.loads(get(pool["jwksUrl"]))["keys"] if k["kid"] == kid)
    n, e = (int.from_bytes(unpadded(key[member]), "big") for member in ("n", "e"))
    size = (n.bit_length() + 7) // 8
    digest = hashlib.sha256((head + "." + body).encode()).digest()
    info = bytes.fromhex("3031300d060960864801650304020105000420") + digest
    padded = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
    assert pow(int.from_bytes(unpadded(signature), "big"), e, n).to_bytes(size, "big") == padded, "signature"
    claims = json.loads(unpadded(body))
    assert claims["iss"] == pool["issuer"] and claims["token_use"] == use
    assert claims["aud" if use == "id" else "client_id"] == CLIENT_ID
    assert int(get(pool["control"] + "/now")) <= claims["exp"]
    return claims


def totp(secret):
    """A code that was not used yet: the pool's clock goes on by a step for each."""
    get(pool["control"] + "/advance", seconds=30)
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(get(pool["control"] + "/now")) // 30), hashlib.sha1).digest()
    offset = mac[19] & 0xF
    return "%06d" % ((struct.unpack(">I", mac[offset : offset + 4])[0] & 0x7FFFFFFF) % 1_000_000)


def wrong(right):
    return "000001" if right == "000000" else "000000"


def attributes(out):
    return {a["Name"]: a["Value"] for a in out}


def pairs(**values):
    return [{"Name": name, "Value": value} for name, value in values.items()]


# register, resend_confirmation_code, confirm_sign_up, admin_confirm_sign_up
out = client.sign_up(
    ClientId=CLIENT_ID, Username="bob", Password=PASSWORD,
    UserAttributes=pairs(email="bob@example.com") + [{"Name": "custom:team", "Value": "a"}], **hashed("bob"),
)
assert out["UserConfirmed"] is False and out["UserSub"]
assert out["CodeDeliveryDetails"] == {"Destination": "b***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
refused(lambda: authenticate("bob", PASSWORD), "UserNotConfirmedException", "User is not confirmed.")
ok("register")
client.resend_confirmation_code(ClientId=CLIENT_ID, Username="bob", **hashed("bob"))
confirm = lambda given: client.confirm_sign_up(ClientId=CLIENT_ID, Username="bob", ConfirmationCode=given, **hashed("bob"))
refused(lambda: confirm(wrong(code("bob"))), "CodeMismatchException", "Invalid verification code provided, please try again.")
confirm(code("bob"))
refused(lambda: confirm("123456"), "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
ok("confirm_sign_up")
client.sign_up(ClientId=CLIENT_ID, Username="carl", Password=PASSWORD, UserAttributes=pairs(email="carl@example.com"), **hashed("carl"))
client.admin_confirm_sign_up(UserPoolId=POOL_ID, Username="carl")
ok("admin_confirm_sign_up")

# authenticate, and the tokens
signed_in = tokens(authenticate("bob", PASSWORD))
for _ in range(10):  # numbers of every length come up
    tokens(authenticate("bob", PASSWORD))
refused(lambda: authenticate("bob", PASSWORD + "x"), "NotAuthorizedException", "Incorrect username or password.")
ok("authenticate")
claims = verify(signed_in["IdToken"], "id")
assert claims["cognito:username"] == "bob" and claims["email_verified"] is True and claims["custom:team"] == "a"
assert verify(signed_in["AccessToken"], "access")["username"] == "bob"
try:
    verify(signed_in["IdToken"][:-4] + "AAAA", "id")
except AssertionError as err:
    assert str(err) == "signature"
else:
    raise AssertionError("want a bad signature to be noticed")
ok("verify_tokens")
if not SECRET:
    out = client.admin_initiate_auth(
        UserPoolId=POOL_ID, ClientId=CLIENT_ID, AuthFlow="ADMIN_NO_SRP_AUTH", AuthParameters={"USERNAME": "bob", "PASSWORD": PASSWORD}
    )
    verify(tokens(out)["AccessToken"], "access")
    ok("admin_authenticate")

# check_token, renew_access_token
refresh = lambda token, **params: client.initiate_auth(
    ClientId=CLIENT_ID, AuthFlow="REFRESH_TOKEN_AUTH",
    AuthParameters={"REFRESH_TOKEN": token, **params, **({"SECRET_HASH": srp.secret_hash("bob", CLIENT_ID, SECRET)} if SECRET else {})},
)
new = signed_in["NewDeviceMetadata"]  # the pool tracks devices, so a refresh names a confirmed one
client.confirm_device(
    AccessToken=signed_in["AccessToken"], DeviceKey=new["DeviceKey"],
    DeviceSecretVerifierConfig=srp.device_verifier(new["DeviceGroupKey"], new["DeviceKey"])[1],
)
get(pool["control"] + "/advance", seconds=3601)
try:
    verify(signed_in["AccessToken"], "access")
except AssertionError:
    pass
else:
    raise AssertionError("want the token to be expired")
refused(lambda: client.get_user(AccessToken=signed_in["AccessToken"]), "NotAuthorizedException", "Access Token has expired")
refused(lambda: refresh(signed_in["RefreshToken"]), "NotAuthorizedException", "Invalid Refresh Token.")
renewed = tokens(refresh(signed_in["RefreshToken"], DEVICE_KEY=new["DeviceKey"]))
assert "RefreshToken" not in renewed
verify(renewed["AccessToken"], "access")
refused(lambda: refresh("not.a.token"), "NotAuthorizedException", "Invalid Refresh Token.")
ok("check_token and renew_access_token")
access = renewed["AccessToken"]

# get_user, update_profile, send_verification, validate_verification
assert attributes(client.get_user(AccessToken=access)["UserAttributes"])["email"] == "bob@example.com"
ok("get_user")
client.update_user_attributes(AccessToken=access, UserAttributes=pairs(given_name="Bob", email="bob2@example.com"))
have = attributes(client.get_user(AccessToken=access)["UserAttributes"])
assert (have["given_name"], have["email"], have["email_verified"]) == ("Bob", "bob2@example.com", "false"), have
ok("update_profile")
client.get_user_attribute_verification_code(AccessToken=access, AttributeName="email")
verified = lambda given: client.verify_user_attribute(AccessToken=access, AttributeName="email", Code=given)
refused(lambda: verified(wrong(code("bob"))), "CodeMismatchException", "Invalid verification code provided, please try again.")
verified(code("bob"))
assert attributes(client.get_user(AccessToken=access)["UserAttributes"])["email_verified"] == "true"
ok("send_verification and validate_verification")

# change_password, initiate_forgot_password, confirm_forgot_password
change = lambda old, new: client.change_password(AccessToken=access, PreviousPassword=old, ProposedPassword=new)
refused(lambda: change("Wrong-Horse-1", "Another-Horse-2"), "NotAuthorizedException", "Incorrect username or password.")
refused(lambda: change(PASSWORD, "short"), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
change(PASSWORD, "Another-Horse-2")
tokens(authenticate("bob", "Another-Horse-2"))
ok("change_password")
client.forgot_password(ClientId=CLIENT_ID, Username="bob", **hashed("bob"))
forgot = lambda given: client.confirm_forgot_password(
    ClientId=CLIENT_ID, Username="bob", ConfirmationCode=given, Password="Third-Horse-3", **hashed("bob")
)
refused(lambda: forgot(wrong(code("bob"))), "CodeMismatchException", "Invalid verification code provided, please try again.")
forgot(code("bob"))
tokens(authenticate("bob", "Third-Horse-3"))
ok("initiate_forgot_password and confirm_forgot_password")

# admin_create_user, NEW_PASSWORD_REQUIRED
client.admin_create_user(
    UserPoolId=POOL_ID, Username="dora", TemporaryPassword="Temp-Horse-1", MessageAction="SUPPRESS", UserAttributes=pairs(email="dora@example.com")
)
out = authenticate("dora", "Temp-Horse-1")
assert out["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
assert json.loads(out["ChallengeParameters"]["userAttributes"])["email"] == "dora@example.com"
refused(lambda: respond(out, "dora", NEW_PASSWORD="x"), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
# It sends the whole answer to PASSWORD_VERIFIER along.
tokens(respond(out, "dora", NEW_PASSWORD="Fourth-Horse-4", TIMESTAMP=srp.timestamp(), PASSWORD_CLAIM_SIGNATURE="AAAA"))
ok("set_new_password_challenge")

# SMS_MFA
client.admin_create_user(
    UserPoolId=POOL_ID, Username="sam", MessageAction="SUPPRESS", UserAttributes=pairs(phone_number="+12065550100", phone_number_verified="true")
)
client.admin_set_user_password(UserPoolId=POOL_ID, Username="sam", Password=PASSWORD, Permanent=True)
client.admin_set_user_mfa_preference(UserPoolId=POOL_ID, Username="sam", SMSMfaSettings={"Enabled": True, "PreferredMfa": True})
out = authenticate("sam", PASSWORD)
assert out["ChallengeName"] == "SMS_MFA" and out["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "+*******0100"
refused(lambda: respond(out, "sam", SMS_MFA_CODE=wrong(code("sam"))), "CodeMismatchException", "Invalid code or auth state for the user.")
tokens(respond(out, "sam", SMS_MFA_CODE=code("sam")))
refused(
    lambda: respond(out, "sam", SMS_MFA_CODE=code("sam")), "NotAuthorizedException",
    "Invalid session for the user, session can only be used once.",
)
ok("respond_to_sms_mfa_challenge")

# associate_software_token, verify_software_token, set_user_mfa_preference
client.admin_create_user(UserPoolId=POOL_ID, Username="tina", MessageAction="SUPPRESS")
client.admin_set_user_password(UserPoolId=POOL_ID, Username="tina", Password=PASSWORD, Permanent=True)
first = tokens(authenticate("tina", PASSWORD))
secret = client.associate_software_token(AccessToken=first["AccessToken"])["SecretCode"]
check = lambda given: client.verify_software_token(AccessToken=first["AccessToken"], UserCode=given, FriendlyDeviceName="phone")
refused(lambda: check(wrong(totp(secret))), "EnableSoftwareTokenMFAException", "Code mismatch")
assert check(totp(secret))["Status"] == "SUCCESS"
client.set_user_mfa_preference(AccessToken=first["AccessToken"], SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
user = client.get_user(AccessToken=first["AccessToken"])
assert (user["UserMFASettingList"], user["PreferredMfaSetting"]) == (["SOFTWARE_TOKEN_MFA"], "SOFTWARE_TOKEN_MFA")
ok("associate_software_token and set_user_mfa_preference")
out = authenticate("tina", PASSWORD)
assert out["ChallengeName"] == "SOFTWARE_TOKEN_MFA" and out["ChallengeParameters"]["FRIENDLY_DEVICE_NAME"] == "phone"
given = totp(secret)
refused(lambda: respond(out, "tina", SOFTWARE_TOKEN_MFA_CODE=wrong(given)), "CodeMismatchException", "Invalid code received for user")
result = tokens(respond(out, "tina", SOFTWARE_TOKEN_MFA_CODE=given))
ok("respond_to_software_token_mfa_challenge")

# confirm_device, update_device_status, DEVICE_SRP_AUTH, forget_device
new = result["NewDeviceMetadata"]
device = {"key": new["DeviceKey"], "group": new["DeviceGroupKey"]}
device["password"], config = srp.device_verifier(device["group"], device["key"])
register = lambda: client.confirm_device(
    AccessToken=result["AccessToken"], DeviceKey=device["key"], DeviceName="laptop", DeviceSecretVerifierConfig=config
)
assert register()["UserConfirmationNecessary"] is True
try:
    register()
except ClientError as err:
    assert err.response["Error"]["Code"] == "DeviceKeyExistsException"
else:
    raise AssertionError("want the device to be there")
assert authenticate("tina", PASSWORD, device)["ChallengeName"] == "SOFTWARE_TOKEN_MFA", "it is not remembered yet"
client.update_device_status(AccessToken=result["AccessToken"], DeviceKey=device["key"], DeviceRememberedStatus="remembered")
ok("confirm_device and update_device_status")
again = tokens(authenticate("tina", PASSWORD, device))
assert "NewDeviceMetadata" not in again
assert verify(again["AccessToken"], "access")["device_key"] == device["key"]
for _ in range(5):
    tokens(authenticate("tina", PASSWORD, device))
refused(
    lambda: authenticate("tina", PASSWORD, {**device, "password": "AAAA"}), "NotAuthorizedException", "Incorrect username or password."
)
ok("authenticate with a device")
with_device = {"REFRESH_TOKEN": again["RefreshToken"], "DEVICE_KEY": device["key"]}
if SECRET:
    with_device["SECRET_HASH"] = srp.secret_hash("tina", CLIENT_ID, SECRET)
tokens(client.initiate_auth(ClientId=CLIENT_ID, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=with_device))
del with_device["DEVICE_KEY"]
refused(
    lambda: client.initiate_auth(ClientId=CLIENT_ID, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=with_device),
    "NotAuthorizedException", "Invalid Refresh Token.",
)
assert [d["DeviceKey"] for d in client.list_devices(AccessToken=again["AccessToken"])["Devices"]] == [device["key"]]
client.forget_device(AccessToken=again["AccessToken"], DeviceKey=device["key"])
refused(lambda: authenticate("tina", PASSWORD, device), "ResourceNotFoundException", "Device does not exist.")
ok("forget_device")

# get_users, admin_get_user, admin_update_profile, groups
seen = {u["Username"] for u in client.list_users(UserPoolId=POOL_ID)["Users"]}
assert {"bob", "carl", "dora", "sam", "tina"} <= seen, seen
assert client.admin_get_user(UserPoolId=POOL_ID, Username="dora")["UserStatus"] == "CONFIRMED"
client.admin_update_user_attributes(UserPoolId=POOL_ID, Username="dora", UserAttributes=pairs(name="Dora"))
assert attributes(client.admin_get_user(UserPoolId=POOL_ID, Username="dora")["UserAttributes"])["name"] == "Dora"
refused(lambda: client.admin_get_user(UserPoolId=POOL_ID, Username="nobody"), "UserNotFoundException", "User does not exist.")
ok("get_users and admin_get_user")
client.create_group(UserPoolId=POOL_ID, GroupName="staff", Description="all of us", Precedence=1)
assert client.get_group(UserPoolId=POOL_ID, GroupName="staff")["Group"]["Description"] == "all of us"
client.admin_add_user_to_group(UserPoolId=POOL_ID, Username="bob", GroupName="staff")
assert [g["GroupName"] for g in client.admin_list_groups_for_user(UserPoolId=POOL_ID, Username="bob")["Groups"]] == ["staff"]
assert verify(tokens(authenticate("bob", "Third-Horse-3"))["AccessToken"], "access")["cognito:groups"] == ["staff"]
client.admin_remove_user_from_group(UserPoolId=POOL_ID, Username="bob", GroupName="staff")
assert client.admin_list_groups_for_user(UserPoolId=POOL_ID, Username="bob")["Groups"] == []
assert [g["GroupName"] for g in client.list_groups(UserPoolId=POOL_ID)["Groups"]] == ["staff"]
ok("groups")

# admin_reset_password, admin_disable_user, admin_enable_user, identity providers, user pool client
client.admin_update_user_attributes(UserPoolId=POOL_ID, Username="carl", UserAttributes=pairs(email_verified="true"))
client.admin_reset_user_password(UserPoolId=POOL_ID, Username="carl")
refused(lambda: authenticate("carl", PASSWORD), "PasswordResetRequiredException", "Password reset required for the user")
ok("admin_reset_password")
client.admin_disable_user(UserPoolId=POOL_ID, Username="sam")
refused(lambda: authenticate("sam", PASSWORD), "NotAuthorizedException", "User is disabled.")
client.admin_enable_user(UserPoolId=POOL_ID, Username="sam")
assert authenticate("sam", PASSWORD)["ChallengeName"] == "SMS_MFA"
ok("admin_disable_user and admin_enable_user")
client.create_identity_provider(
    UserPoolId=POOL_ID, ProviderName="Partner", ProviderType="OIDC", AttributeMapping={"email": "email"},
    ProviderDetails={"client_id": "a", "client_secret": "b", "attributes_request_method": "GET", "oidc_issuer": "https://partner.example.com",
                     "authorize_scopes": "openid"},
)
client.update_identity_provider(UserPoolId=POOL_ID, ProviderName="Partner", AttributeMapping={"email": "mail"})
provider = client.describe_identity_provider(UserPoolId=POOL_ID, ProviderName="Partner")["IdentityProvider"]
assert provider["AttributeMapping"] == {"email": "mail"}
ok("identity providers")
app = client.describe_user_pool_client(UserPoolId=POOL_ID, ClientId=CLIENT_ID)["UserPoolClient"]
app = {name: value for name, value in app.items() if name not in ("ClientSecret", "LastModifiedDate", "CreationDate")}
out = client.update_user_pool_client(**{**app, "ClientName": "renamed"})["UserPoolClient"]
assert out["ClientName"] == "renamed" and out["ExplicitAuthFlows"] == app["ExplicitAuthFlows"]
ok("describe_user_pool_client and update_user_pool_client")

# logout, delete_user, admin_delete_user
last = tokens(authenticate("bob", "Third-Horse-3"))
client.global_sign_out(AccessToken=last["AccessToken"])
refused(lambda: client.get_user(AccessToken=last["AccessToken"]), "NotAuthorizedException", "Access Token has been revoked")
refused(lambda: refresh(last["RefreshToken"]), "NotAuthorizedException", "Refresh Token has been revoked")
ok("logout")
client.delete_user(AccessToken=tokens(authenticate("bob", "Third-Horse-3"))["AccessToken"])
refused(lambda: authenticate("bob", "Third-Horse-3"), "UserNotFoundException", "User does not exist.")
client.admin_delete_user(UserPoolId=POOL_ID, Username="dora")
refused(lambda: client.admin_get_user(UserPoolId=POOL_ID, Username="dora"), "UserNotFoundException", "User does not exist.")
ok("delete_user and admin_delete_user")
