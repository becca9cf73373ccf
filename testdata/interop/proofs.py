"""Sign-ins whose proof is broken on its way, with boto3 or with the AWS CLI, as CLIENT says. It prints how each ended."""

import json
import os
import re
import subprocess
import urllib.parse
import urllib.request

import srp

pool = json.loads(os.environ["POOL"])
namespace = pool["poolId"].split("_")[1]


class Refused(Exception):
    def __init__(self, code, message):
        self.code, self.message = code, message


def boto3_call():
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.exceptions import ClientError

    client = boto3.client(
        "cognito-idp", region_name=pool["region"], endpoint_url=pool["endpoint"],
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )

    def call(operation, **members):
        try:
            return getattr(client, operation)(**members)
        except ClientError as err:
            raise Refused(err.response["Error"]["Code"], err.response["Error"]["Message"])

    return call


def cli_call():
    failure = re.compile(r"An error occurred \((\w+)\) when calling the \w+ operation: (.*)", re.S)

    def call(operation, **members):
        command = ["aws", "cognito-idp", operation.replace("_", "-"), "--no-sign-request", "--endpoint-url", pool["endpoint"],
                   "--region", pool["region"], "--output", "json", "--cli-input-json", json.dumps(members)]
        out = subprocess.run(command, capture_output=True, text=True)
        found = failure.search(out.stderr)
        if found:
            raise Refused(found.group(1), found.group(2).rstrip("\n"))
        assert out.returncode == 0, out.stderr
        return json.loads(out.stdout or "{}")

    return call


call = {"boto3": boto3_call, "cli": cli_call}[os.environ["CLIENT"]]()


def control(path, **params):
    with urllib.request.urlopen(pool["control"] + path + "?" + urllib.parse.urlencode(params)) as answer:
        return answer.read().decode()


def named(username, **params):
    if pool.get("clientSecret"):
        params["SECRET_HASH"] = srp.secret_hash(username, pool["clientId"], pool["clientSecret"])
    return {"USERNAME": username, **params}


def respond(begun, username, **params):
    members = {"Session": begun["Session"]} if begun.get("Session") else {}
    return call(
        "respond_to_auth_challenge", ClientId=pool["clientId"], ChallengeName=begun["ChallengeName"],
        ChallengeResponses=named(username, **params), **members,
    )


def by_password(flow, username, device={}, **more):
    half = srp.Client()
    begun = call(
        "initiate_auth", ClientId=pool["clientId"], AuthFlow=flow,
        AuthParameters=named(username, SRP_A=half.srp_a, **device, **more),
    )
    assert begun["ChallengeName"] == "PASSWORD_VERIFIER", begun
    params = begun["ChallengeParameters"]
    claim = half.claim(params, namespace, params["USER_ID_FOR_SRP"], pool["password"])
    return respond(begun, params["USERNAME"], **claim, **device)


device = {}


def by_device():
    if not device:
        result = by_password("USER_SRP_AUTH", pool["username"])["AuthenticationResult"]
        new = result["NewDeviceMetadata"]
        device["group"], device["key"] = new["DeviceGroupKey"], new["DeviceKey"]
        device["password"], config = srp.device_verifier(device["group"], device["key"])
        call("confirm_device", AccessToken=result["AccessToken"], DeviceKey=device["key"], DeviceName="interop",
             DeviceSecretVerifierConfig=config)
    key = {"DEVICE_KEY": device["key"]}
    begun = by_password("USER_SRP_AUTH", pool["username"], key)
    assert begun["ChallengeName"] == "DEVICE_SRP_AUTH", begun
    half = srp.Client()
    begun = respond(begun, pool["username"], SRP_A=half.srp_a, **key)
    assert begun["ChallengeName"] == "DEVICE_PASSWORD_VERIFIER", begun
    claim = half.claim(begun["ChallengeParameters"], device["group"], device["key"], device["password"])
    return respond(begun, pool["username"], **claim, **key)


def by_totp():
    begun = by_password("USER_SRP_AUTH", "totp")
    assert begun["ChallengeName"] == "SOFTWARE_TOKEN_MFA", begun
    return respond(begun, "totp", SOFTWARE_TOKEN_MFA_CODE=control("/totp"))


flows = {
    "srp": lambda: by_password("USER_SRP_AUTH", pool["username"]),
    "choice": lambda: by_password("USER_AUTH", pool["username"], PREFERRED_CHALLENGE="PASSWORD_SRP"),
    "device": by_device,
    "totp": by_totp,
}

for number, case in enumerate(pool["cases"]):
    control("/next", case=number)
    outcome = {"name": case["name"], "error": "", "message": ""}
    try:
        assert flows[case["flow"]]()["AuthenticationResult"]["AccessToken"]
    except Refused as refused:
        outcome["error"], outcome["message"] = refused.code, refused.message
    print(json.dumps(outcome), flush=True)
