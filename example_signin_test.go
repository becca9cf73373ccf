package cognito_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// exampleFlows is a pool in this process that allows every flow, and a client of it with AWS credentials.
func exampleFlows(cfg cognitotest.Config, users ...cognitotest.User) (*cognitotest.Server, *cognito.Cognito) {
	cfg.Clients = []cognitotest.Client{{ExplicitAuthFlows: []string{
		"ALLOW_USER_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
	}}}
	srv := cognitotest.NewServer(cfg)
	for _, u := range users {
		srv.AddUser(u)
	}
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now),
		cognito.WithStaticCredentials("AKIDEXAMPLE", "secret", ""))
	if err != nil {
		log.Fatal(err)
	}
	return srv, c
}

// bob is a user whose second factor is a code by SMS.
var bob = cognitotest.User{
	Username: "bob", Password: "Correct-Horse-1", MFA: []string{"SMS_MFA"},
	Attributes: map[string]string{"phone_number": "+493012345678", "email": "bob@example.com", "email_verified": "true"},
}

// A challenge waits in JSON, in an encrypted cookie or a database, until another process has the answer.
func ExampleWithChallenge() {
	srv, pool := exampleFlows(cognitotest.Config{}, bob)
	defer srv.Close()
	ctx := context.Background()

	err := pool.ForUser("bob").Authenticate(ctx, "Correct-Horse-1")
	var mfa *cognito.ChallengeError
	if !errors.As(err, &mfa) {
		log.Fatal(err)
	}
	stored, err := json.Marshal(mfa.Challenge)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a code went to", mfa.Challenge.Delivery().Destination)

	var challenge cognito.Challenge
	if err := json.Unmarshal(stored, &challenge); err != nil {
		log.Fatal(err)
	}
	session := pool.ForUser("", cognito.WithChallenge(challenge))
	if err := session.RespondToSMSMFAChallenge(ctx, srv.Code("bob")); err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in as", session.AccessClaims().Username)
	// Output:
	// a code went to +********5678
	// signed in as bob
}

func ExampleCognito_AdminAuthenticate() {
	srv, pool := exampleFlows(cognitotest.Config{}, bob)
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("bob")
	err := session.AdminAuthenticate(ctx, "Correct-Horse-1")
	if errors.Is(err, cognito.ErrSMSMFARequired) {
		err = session.RespondToSMSMFAChallenge(ctx, srv.Code("bob")) // goes by AdminRespondToAuthChallenge, too
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in as", session.AccessClaims().Username)
	// Output: signed in as bob
}

// The pool's Lambda functions ask for a word; a wrong answer brings another challenge.
func ExampleCognito_AuthenticateCustom() {
	srv, pool := exampleFlows(cognitotest.Config{Triggers: customTriggers()}, bob)
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("bob")
	err := session.AuthenticateCustom(ctx, "")
	for _, word := range []string{"abracadabra", "sesame"} {
		var custom *cognito.ChallengeError
		if !errors.As(err, &custom) {
			log.Fatal(err)
		}
		fmt.Println(custom.Challenge.PublicParameters()["question"], word)
		err = session.RespondToCustomChallenge(ctx, word)
	}
	fmt.Println(err, session.AccessClaims().Username)
	// Output:
	// the word? abracadabra
	// the word? sesame
	// <nil> bob
}

// A user without a password signs in by a code that is sent by e-mail.
func ExampleCognito_AuthenticateChoice() {
	srv, pool := exampleFlows(cognitotest.Config{FirstFactors: []string{"PASSWORD", "EMAIL_OTP"}}, cognitotest.User{
		Username: "carol", Password: "Correct-Horse-1", Attributes: map[string]string{"email": "carol@example.com", "email_verified": "true"},
	})
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("carol")
	err := session.AuthenticateChoice(ctx, cognito.FirstFactor{})
	var choice *cognito.ChallengeError
	if !errors.As(err, &choice) {
		log.Fatal(err)
	}
	fmt.Println(choice.Challenge.Name, choice.Challenge.Options())
	err = session.SelectChallenge(ctx, "EMAIL_OTP")
	fmt.Println(errors.Is(err, cognito.ErrEmailOTPRequired))
	fmt.Println(session.RespondToEmailOTPChallenge(ctx, srv.Code("carol")))
	// Output:
	// SELECT_CHALLENGE [PASSWORD_SRP PASSWORD EMAIL_OTP]
	// true
	// <nil>
}

// Who has just confirmed a sign-up is signed in at once.
func ExampleCognito_ConfirmSignUp() {
	srv, pool := exampleFlows(cognitotest.Config{})
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("dave")
	if _, err := session.Register(ctx, "dave", "Correct-Horse-1", cognito.Attributes{"email": "dave@example.com"}); err != nil {
		log.Fatal(err)
	}
	if err := session.ConfirmSignUp(ctx, "dave", srv.Code("dave")); err != nil {
		log.Fatal(err)
	}
	if err := session.AuthenticateChoice(ctx, cognito.FirstFactor{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in as", session.AccessClaims().Username)
	// Output: signed in as dave
}

func ExampleCognito_NewPasswordChallenge() {
	srv, pool := exampleFlows(cognitotest.Config{}, cognitotest.User{Username: "erin", Password: "Temporary-1", Status: "FORCE_CHANGE_PASSWORD"})
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("erin")
	err := session.NewPasswordChallenge(ctx, "Temporary-1", "weak", nil)
	fmt.Println(errors.Is(err, cognito.ErrInvalidPassword))
	err = session.RespondToNewPasswordChallenge(ctx, "Permanent-1", cognito.Attributes{"given_name": "Erin"})
	fmt.Println(err, session.AccessClaims().Username)
	// Output:
	// true
	// <nil> erin
}

func ExampleCognito_SelectMFAType() {
	srv, pool := exampleFlows(cognitotest.Config{}, cognitotest.User{
		Username: "frank", Password: "Correct-Horse-1", MFA: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"},
		Attributes: map[string]string{"phone_number": "+493012345678"},
	})
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("frank")
	err := session.Authenticate(ctx, "Correct-Horse-1")
	if !errors.Is(err, cognito.ErrSelectMFATypeRequired) {
		log.Fatal(err)
	}
	challenge, _ := session.Challenge()
	fmt.Println(challenge.Options())
	err = session.SelectMFAType(ctx, "SOFTWARE_TOKEN_MFA")
	if !errors.Is(err, cognito.ErrSoftwareTokenMFARequired) {
		log.Fatal(err)
	}
	fmt.Println(session.RespondToSoftwareTokenMFAChallenge(ctx, srv.TOTP("frank")))
	// Output:
	// [SMS_MFA SOFTWARE_TOKEN_MFA]
	// <nil>
}

// A user who is signed in sets an authenticator app up, and is asked for it from then on.
func ExampleCognito_AssociateSoftwareToken() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("bob")
	if err := session.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	token, err := session.AssociateSoftwareToken(ctx)
	if err != nil {
		log.Fatal(err)
	}
	_ = token.URI("Example", "bob@example.com") // show it as a QR code
	if err := session.VerifySoftwareToken(ctx, srv.TOTP("bob"), "Bob's phone"); err != nil {
		log.Fatal(err)
	}
	if err := session.SetUserMFAPreference(ctx, cognito.MFAPreference{SoftwareToken: cognito.MFAPreferred}); err != nil {
		log.Fatal(err)
	}
	err = session.Authenticate(ctx, "Correct-Horse-1")
	fmt.Println(errors.Is(err, cognito.ErrSoftwareTokenMFARequired))
	// Output: true
}

// A pool that wants MFA has a user without a second factor set one up while signing in.
func ExampleCognito_VerifySoftwareToken() {
	srv, pool := exampleFlows(cognitotest.Config{MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA"}},
		cognitotest.User{Username: "grace", Password: "Correct-Horse-1"})
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("grace")
	err := session.Authenticate(ctx, "Correct-Horse-1")
	if !errors.Is(err, cognito.ErrMFASetupRequired) {
		log.Fatal(err)
	}
	token, err := session.AssociateSoftwareToken(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("scan the QR code of", token.URI("Example", "grace")[:len("otpauth://totp/Example:grace")])
	fmt.Println(session.VerifySoftwareToken(ctx, srv.TOTP("grace"), ""), session.AccessClaims().Username)
	// Output:
	// scan the QR code of otpauth://totp/Example:grace
	// <nil> grace
}

func ExampleCognito_SetUserMFAPreference() {
	srv, pool := exampleFlows(cognitotest.Config{}, cognitotest.User{
		Username: "bob", Password: "Correct-Horse-1", Attributes: map[string]string{"email": "bob@example.com", "email_verified": "true"},
	})
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("bob")
	if err := session.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	err := session.SetUserMFAPreference(ctx, cognito.MFAPreference{Email: cognito.MFAPreferred, SMS: cognito.MFADisabled})
	if err != nil {
		log.Fatal(err)
	}
	err = session.Authenticate(ctx, "Correct-Horse-1")
	fmt.Println(errors.Is(err, cognito.ErrEmailOTPRequired))
	// Output: true
}

// A machine user with an authenticator's secret signs in with no one at the keyboard.
func ExampleTOTPHandler() {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	srv, pool := exampleFlows(cognitotest.Config{}, cognitotest.User{Username: "robot", Password: "Correct-Horse-1", TOTPSecret: secret})
	defer srv.Close()

	robot := pool.ForUser("robot", cognito.WithChallengeHandler(cognito.TOTPHandler(secret)))
	fmt.Println(robot.Authenticate(context.Background(), "Correct-Horse-1"), robot.AccessClaims().Username)
	// Output: <nil> robot
}

// A remembered device stands in for the second factor.
func ExampleWithDeviceTracking() {
	srv, pool := exampleFlows(cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true}}, bob)
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("bob", cognito.WithDeviceTracking("Bob's laptop"))
	err := session.Authenticate(ctx, "Correct-Horse-1")
	if !errors.Is(err, cognito.ErrSMSMFARequired) {
		log.Fatal(err)
	}
	if err := session.RespondToSMSMFAChallenge(ctx, srv.Code("bob")); err != nil {
		log.Fatal(err)
	}
	device, ok := session.Device() // store it, encrypted, with the user
	fmt.Println("a device to store:", ok, session.DeviceError())

	later := pool.ForUser("bob", cognito.WithDevice(device))
	fmt.Println("without a code:", later.Authenticate(ctx, "Correct-Horse-1"))
	// Output:
	// a device to store: true <nil>
	// without a code: <nil>
}

// Where users decide, ask before the device is remembered.
func ExampleCognito_ConfirmDevice() {
	srv, pool := exampleFlows(cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{DeviceOnlyRememberedOnUserPrompt: true}},
		cognitotest.User{Username: "heidi", Password: "Correct-Horse-1"})
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("heidi")
	if err := session.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	device, err := session.ConfirmDevice(ctx, "Heidi's phone")
	if err != nil {
		log.Fatal(err)
	}
	if device.UserConfirmationNecessary {
		fmt.Println("Remember this device? Yes.")
		if err := session.UpdateDeviceStatus(ctx, device.Key, true); err != nil {
			log.Fatal(err)
		}
	}
	for d, err := range session.Devices(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(d.Name, d.Key == device.Key)
	}
	// Output:
	// Remember this device? Yes.
	// Heidi's phone true
}

// The options and what the browser makes of them are JSON that passes through as it is.
func ExampleCognito_StartWebAuthnRegistration() {
	srv, pool := exampleFlows(cognitotest.Config{
		FirstFactors: []string{"PASSWORD", "WEB_AUTHN"}, WebAuthn: cognitotest.WebAuthn{RelyingPartyID: "example.com"},
		Now: func() time.Time { return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC) },
	}, cognitotest.User{Username: "ivan", Password: "Correct-Horse-1"})
	defer srv.Close()
	ctx := context.Background()
	browser := cognitotest.NewPasskey() // stands in for navigator.credentials

	session := pool.ForUser("ivan")
	if err := session.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	options, err := session.StartWebAuthnRegistration(ctx)
	if err != nil {
		log.Fatal(err)
	}
	credential, err := browser.Create(string(options))
	if err != nil {
		log.Fatal(err)
	}
	if err := session.CompleteWebAuthnRegistration(ctx, []byte(credential)); err != nil {
		log.Fatal(err)
	}

	err = session.AuthenticateChoice(ctx, cognito.FirstFactor{Preferred: "WEB_AUTHN"})
	var passkey *cognito.ChallengeError
	if !errors.As(err, &passkey) {
		log.Fatal(err)
	}
	assertion, err := browser.Get(string(passkey.Challenge.CredentialRequestOptions()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.RespondToWebAuthnChallenge(ctx, []byte(assertion)), session.AccessClaims().Username)
	// Output: <nil> ivan
}
