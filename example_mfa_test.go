package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

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

// A signed-in user sets up an authenticator app. Later sign-ins ask for its code.
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

// A pool that requires MFA asks a user without a second factor to set one up during the sign-in.
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

// A service account with a TOTP secret signs in without a person.
func ExampleTOTPHandler() {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	srv, pool := exampleFlows(cognitotest.Config{}, cognitotest.User{Username: "robot", Password: "Correct-Horse-1", TOTPSecret: secret})
	defer srv.Close()

	robot := pool.ForUser("robot", cognito.WithChallengeHandler(cognito.TOTPHandler(secret)))
	fmt.Println(robot.Authenticate(context.Background(), "Correct-Horse-1"), robot.AccessClaims().Username)
	// Output: <nil> robot
}
