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

// exampleFlows returns an in-process pool that allows every flow, and a client of it with AWS
// credentials.
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

// bob is a user with SMS codes as a second factor.
var bob = cognitotest.User{
	Username: "bob", Password: "Correct-Horse-1", MFA: []string{"SMS_MFA"},
	Attributes: map[string]string{"phone_number": "+493012345678", "email": "bob@example.com", "email_verified": "true"},
}

func ExampleCognito_Authenticate_reasons() {
	srv, pool := examplePool()
	defer srv.Close()

	err := pool.ForUser("bob").Authenticate(context.Background(), "wrong")
	var mfa *cognito.ChallengeError
	switch {
	case err == nil:
		fmt.Println("signed in")
	case errors.As(err, &mfa):
		fmt.Println("the pool asks for", mfa.Challenge.Name)
	case errors.Is(err, cognito.ErrInvalidCredentials):
		fmt.Println("wrong username or password")
	case errors.Is(err, cognito.ErrTooManyAttempts):
		fmt.Println("locked out, try again later")
	default:
		log.Fatal(err)
	}
	// Output: wrong username or password
}

func ExampleCognito_RespondToChallenge() {
	srv, pool := examplePool()
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "carol", Password: "Temporary-1", Status: "FORCE_CHANGE_PASSWORD"})
	ctx := context.Background()

	err := pool.ForUser("carol").Authenticate(ctx, "Temporary-1")
	var challenge *cognito.ChallengeError
	if !errors.As(err, &challenge) {
		log.Fatal(err)
	}
	fmt.Println(challenge.Challenge.Name)

	// The challenge may be stored, and answered by another process.
	stored, err := json.Marshal(challenge.Challenge)
	if err != nil {
		log.Fatal(err)
	}
	var loaded cognito.Challenge
	if err := json.Unmarshal(stored, &loaded); err != nil {
		log.Fatal(err)
	}
	carol := pool.ForUser("", cognito.WithChallenge(loaded))
	if err := carol.RespondToChallenge(ctx, map[string]string{"NEW_PASSWORD": "Permanent-1"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(carol.AccessClaims().Username)
	// Output:
	// NEW_PASSWORD_REQUIRED
	// carol
}

// A challenge is stored as JSON, in an encrypted cookie or a database, until another process has
// the answer.
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
	fmt.Println("code sent to", mfa.Challenge.Delivery().Destination)

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
	// code sent to +********5678
	// signed in as bob
}

func ExampleCognito_Register() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()

	registration, err := pool.Register(ctx, "dave", "Correct-Horse-2", cognito.Attributes{"email": "dave@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("code sent by", registration.Delivery.Medium)

	code := srv.Code("dave") // a real pool sends it by e-mail
	fmt.Println(pool.ConfirmSignUp(ctx, "dave", code))
	// Output:
	// code sent by EMAIL
	// <nil>
}

// A user who has just confirmed the sign-up is signed in without another code.
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

func ExampleCognito_AdminAuthenticate() {
	srv, pool := exampleFlows(cognitotest.Config{}, bob)
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("bob")
	err := session.AdminAuthenticate(ctx, "Correct-Horse-1")
	if errors.Is(err, cognito.ErrSMSMFARequired) {
		err = session.RespondToSMSMFAChallenge(ctx, srv.Code("bob")) // calls AdminRespondToAuthChallenge
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in as", session.AccessClaims().Username)
	// Output: signed in as bob
}

// The pool's Lambda functions ask for a word. A wrong answer returns another challenge.
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

// A user signs in with a code that is sent by e-mail instead of a password.
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

// Pass the options to the browser, and its response to the session, as unchanged JSON.
func ExampleCognito_StartWebAuthnRegistration() {
	srv, pool := exampleFlows(cognitotest.Config{
		FirstFactors: []string{"PASSWORD", "WEB_AUTHN"}, WebAuthn: cognitotest.WebAuthn{RelyingPartyID: "example.com"},
		Now: func() time.Time { return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC) },
	}, cognitotest.User{Username: "ivan", Password: "Correct-Horse-1"})
	defer srv.Close()
	ctx := context.Background()
	browser := cognitotest.NewPasskey() // simulates navigator.credentials

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

// A sign-up is stored as JSON until the user enters the code, perhaps in another process.
func ExampleWithRegistration() {
	srv, pool := exampleFlows(cognitotest.Config{})
	defer srv.Close()
	ctx := context.Background()

	registration, err := pool.Register(ctx, "dave", "Correct-Horse-1", cognito.Attributes{"email": "dave@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	stored, err := json.Marshal(registration)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("code sent to", registration.Delivery.Destination)

	var taken cognito.Registration
	if err := json.Unmarshal(stored, &taken); err != nil {
		log.Fatal(err)
	}
	session := pool.ForUser("", cognito.WithRegistration(taken))
	if err := session.ConfirmSignUp(ctx, session.Username(), srv.Code("dave")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.AuthenticateChoice(ctx, cognito.FirstFactor{}), session.AccessClaims().Username)
	// Output:
	// code sent to d***@e***
	// <nil> dave
}

// A handler answers the challenges that it knows, and leaves the others to the caller.
func ExampleChallengeHandler() {
	srv, pool := exampleFlows(cognitotest.Config{}, bob)
	defer srv.Close()

	inbox := func(_ context.Context, ch cognito.Challenge) (cognito.Answer, error) {
		if ch.Name != "SMS_MFA" {
			return nil, nil // the caller gets a *ChallengeError
		}
		return cognito.Answer{"SMS_MFA_CODE": srv.Code(ch.Username)}, nil
	}
	session := pool.ForUser("bob", cognito.WithChallengeHandler(inbox))
	fmt.Println(session.Authenticate(context.Background(), "Correct-Horse-1"), session.AccessClaims().Username)
	// Output: <nil> bob
}

// ClientMetadata passes data about the request to the pool's Lambda functions.
func ExampleClientMetadata() {
	srv, pool := exampleFlows(cognitotest.Config{Triggers: cognitotest.Triggers{
		PreSignUp: func(e *cognitotest.PreSignUpEvent) error {
			fmt.Println(e.ClientMetadata["campaign"], e.ValidationData["captcha"])
			return nil
		},
	}})
	defer srv.Close()

	_, err := pool.Register(context.Background(), "dave", "Correct-Horse-1", cognito.Attributes{"email": "dave@example.com"},
		cognito.ClientMetadata{"campaign": "spring"}, cognito.ValidationData{"captcha": "passed"})
	fmt.Println(err)
	// Output:
	// spring passed
	// <nil>
}

// USER_PASSWORD_AUTH sends the password, so that the pool can migrate users from another system.
func ExampleFlow() {
	srv := cognitotest.NewServer(cognitotest.Config{
		Clients: []cognitotest.Client{{ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH"}}},
		Triggers: cognitotest.Triggers{UserMigration: func(e *cognitotest.UserMigrationEvent) error {
			e.Found = e.Username == "erin" && e.Password == "Correct-Horse-1" // in the old database
			e.Status = "CONFIRMED"
			return nil
		}},
	})
	defer srv.Close()
	pool, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(pool.ForUser("erin").Authenticate(context.Background(), "Correct-Horse-1", cognito.Flow("USER_PASSWORD_AUTH")))
	// Output: <nil>
}

// The challenge names the attributes that it requires in addition to a password.
func ExampleChallenge_RequiredAttributes() {
	srv, pool := exampleFlows(cognitotest.Config{RequiredAttributes: []string{"given_name"}},
		cognitotest.User{Username: "erin", Password: "Temporary-1", Status: "FORCE_CHANGE_PASSWORD"})
	defer srv.Close()
	ctx := context.Background()

	session := pool.ForUser("erin")
	err := session.Authenticate(ctx, "Temporary-1")
	var asked *cognito.ChallengeError
	if !errors.As(err, &asked) {
		log.Fatal(err)
	}
	fmt.Println(asked.Challenge.Name, asked.Challenge.RequiredAttributes())
	fmt.Println(session.RespondToNewPasswordChallenge(ctx, "Permanent-1", nil)) // rejected before a request is made
	fmt.Println(session.RespondToNewPasswordChallenge(ctx, "Permanent-1", cognito.Attributes{"given_name": "Erin"}))
	// Output:
	// NEW_PASSWORD_REQUIRED [given_name]
	// cognito: RespondToNewPasswordChallenge: attributes: want [given_name], which the pool requires, got none
	// <nil>
}

// A signed-in user gives further proof before a payment.
func ExampleCognito_StepUp() {
	srv, pool := exampleFlows(cognitotest.Config{}, cognitotest.User{
		Username: "ann", Password: "Correct-Horse-1", MFA: []string{}, TOTPSecret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
	})
	defer srv.Close()
	ctx, ann := context.Background(), pool.ForUser("ann")
	password := cognito.FirstFactor{Password: "Correct-Horse-1"}
	if err := ann.AuthenticateChoice(ctx, password, cognito.TargetACR(cognito.ACRLevel1)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(ann.AccessClaims().ACR, ann.AccessClaims().AMR)

	err := ann.StepUp(ctx, cognito.FirstFactor{}, cognito.TargetACR(cognito.ACRLevel4))
	if errors.Is(err, cognito.ErrSoftwareTokenMFARequired) {
		err = ann.RespondToSoftwareTokenMFAChallenge(ctx, srv.TOTP("ann"))
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ann.AccessClaims().ACR, ann.AccessClaims().AMR)
	// Output:
	// urn:cognito:loa:1 [pwd]
	// urn:cognito:loa:4 [pwd otp mfa]
}
