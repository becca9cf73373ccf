package main

import (
	"fmt"
	"strings"

	"github.com/gocognito/cognito/cognitotest"
)

const (
	localPassword = "Correct-Horse-1"
	localSecret   = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" //nolint:gosec // of a pool that ends with the process
)

// localConfig returns the configuration of the pool in this process, for a site at home.
func localConfig(home, mfa string) cognitotest.Config {
	return cognitotest.Config{
		Clients: []cognitotest.Client{{
			ExplicitAuthFlows: []string{"ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
			AllowedOAuthFlows: []string{"code"},
			CallbackURLs:      []string{strings.TrimSuffix(home, "/") + callbackPath}, LogoutURLs: []string{home},
			PreventUserExistenceErrors: true, RefreshTokenRotation: true,
		}},
		MFA: mfa, MFAFactors: []string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"},
		FirstFactors: []string{"PASSWORD", "EMAIL_OTP", "WEB_AUTHN"},
		WebAuthn:     cognitotest.WebAuthn{RelyingPartyID: "localhost"},
		Devices:      &cognitotest.DeviceConfiguration{},
	}
}

// startPool starts a pool in this process. Each of its users gets other challenges. It prints the
// messages that a real pool would send.
func startPool(home, mfa string) *cognitotest.Server {
	cfg := localConfig(home, mfa)
	cfg.OnMessage = func(m cognitotest.Message) {
		fmt.Printf("%s to %s (%s for %s): %s\n", m.Medium, m.Destination, m.Purpose, m.Username, m.Code)
	}
	srv := cognitotest.NewServer(cfg)
	for _, u := range []cognitotest.User{
		{Username: "bob", Password: localPassword},
		{Username: "carol", Password: "Temporary-1", Status: "FORCE_CHANGE_PASSWORD"},
		{Username: "dave", Password: localPassword, TOTPSecret: localSecret},
		{
			Username: "erin", Password: localPassword, TOTPSecret: localSecret,
			MFA: []string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"},
		},
	} {
		u.Attributes = map[string]string{"email": u.Username + "@example.com", "email_verified": "true"}
		srv.AddUser(u)
	}
	srv.AddUser(cognitotest.User{Username: "frank", Password: localPassword})
	fmt.Println("A pool in this process has the users")
	fmt.Println("  bob    " + localPassword)
	fmt.Println("  carol  Temporary-1, to be replaced")
	fmt.Println("  dave   " + localPassword + ", and an authenticator app with the secret " + localSecret)
	fmt.Println("  erin   " + localPassword + ", and a choice of that app and a code by e-mail")
	fmt.Println("  frank  " + localPassword + ", and no address; with -mfa ON he has to set up a second factor")
	fmt.Println("Codes that a pool at AWS would send appear here.")
	return srv
}
