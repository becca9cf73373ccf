package cognitotest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// client is a client of srv with its clock.
func client(srv *cognitotest.Server) *cognito.Cognito {
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// Code that calls the AWS SDK itself needs an endpoint, a region and credentials, which are not
// checked.
func ExampleNewServer_sdk() {
	srv := cognitotest.NewServer(cognitotest.Config{
		Clients: []cognitotest.Client{{ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH"}}},
	})
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1"})

	sdk := cognitoidentityprovider.New(cognitoidentityprovider.Options{
		BaseEndpoint: &srv.URL, Region: "us-east-1", HTTPClient: srv.HTTPClient(),
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
	})
	out, err := sdk.InitiateAuth(context.Background(), &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserPasswordAuth, ClientId: &srv.ClientID,
		AuthParameters: map[string]string{"USERNAME": "bob", "PASSWORD": "Correct-Horse-1"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*out.AuthenticationResult.TokenType)
	user, err := sdk.AdminGetUser(context.Background(), &cognitoidentityprovider.AdminGetUserInput{
		UserPoolId: &srv.UserPoolID, Username: new("bob"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.UserStatus)
	// Output:
	// Bearer
	// CONFIRMED
}

// Messages are told of as they are delivered; Server.Code and Server.Messages have them as well.
func ExampleConfig_messages() {
	srv := cognitotest.NewServer(cognitotest.Config{OnMessage: func(m cognitotest.Message) {
		fmt.Println(m.Medium, "to", m.Destination, "for", m.Purpose)
	}})
	defer srv.Close()

	pool := client(srv)
	if _, err := pool.Register(context.Background(), "bob", "Correct-Horse-1", cognito.Attributes{"email": "bob@example.com"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(pool.ConfirmSignUp(context.Background(), "bob", srv.Code("bob")))
	// Output:
	// EMAIL to bob@example.com for SignUp
	// <nil>
}

// Tokens for testing a server: good ones and bad ones.
func ExampleServer_Token() {
	srv := cognitotest.NewServer(cognitotest.Config{})
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "bob", Groups: []string{"staff"}})
	verifier, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, cognito.WithIssuers(srv.Issuer()))
	if err != nil {
		log.Fatal(err)
	}
	for _, opts := range []cognitotest.TokenOptions{
		{},
		{ExpiresIn: -time.Hour},
		{Use: "id"},
		{ClientID: "another"},
		{Claims: map[string]any{"cognito:groups": []string{"admins"}}},
	} {
		claims, err := verifier.VerifyAccessToken(context.Background(), srv.Token("bob", opts))
		if err != nil {
			fmt.Println("refused")
			continue
		}
		fmt.Println(claims.Username, claims.Groups)
	}
	// Output:
	// bob [staff]
	// refused
	// refused
	// refused
	// bob [admins]
}

// Time passes without waiting.
func ExampleServer_Advance() {
	srv := cognitotest.NewServer(cognitotest.Config{})
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1", MFA: []string{"SOFTWARE_TOKEN_MFA"}})
	ctx := context.Background()

	bob := client(srv).ForUser("bob")
	err := bob.Authenticate(ctx, "Correct-Horse-1")
	fmt.Println(errors.Is(err, cognito.ErrSoftwareTokenMFARequired))
	srv.Advance(4 * time.Minute) // longer than the app client gives for an answer
	err = bob.RespondToSoftwareTokenMFAChallenge(ctx, srv.TOTP("bob"))
	fmt.Println(errors.Is(err, cognito.ErrSessionExpired))
	// Output:
	// true
	// true
}

// Go functions stand in for the pool's Lambda functions.
func ExampleTriggers() {
	srv := cognitotest.NewServer(cognitotest.Config{Triggers: cognitotest.Triggers{
		PreTokenGeneration: func(e *cognitotest.PreTokenGenerationEvent) error {
			e.ID.Set = map[string]any{"tenant": "blue"}
			return nil
		},
	}})
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1"})

	bob := client(srv).ForUser("bob")
	fmt.Println(bob.Authenticate(context.Background(), "Correct-Horse-1"), bob.IDClaims().All["tenant"])
	// Output: <nil> blue
}

// What was called, and how it ended.
func ExampleServer_Requests() {
	srv := cognitotest.NewServer(cognitotest.Config{})
	defer srv.Close()

	_ = client(srv).ForUser("nobody").Authenticate(context.Background(), "Correct-Horse-1")
	for _, r := range srv.Requests() {
		if r.Op != "JWKS" { // fetched beside the others
			fmt.Println(r.Op, r.Status, r.ErrorType)
		}
	}
	// Output: InitiateAuth 400 UserNotFoundException
}

// An authenticator, with the browser around it, for signing in by passkey.
func ExamplePasskey() {
	srv := cognitotest.NewServer(cognitotest.Config{
		Clients:      []cognitotest.Client{{ExplicitAuthFlows: []string{"ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH"}}},
		FirstFactors: []string{"PASSWORD", "WEB_AUTHN"},
		WebAuthn:     cognitotest.WebAuthn{RelyingPartyID: "example.com"},
	})
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1"})
	ctx := context.Background()
	bob := client(srv).ForUser("bob")
	if err := bob.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}

	passkey := cognitotest.NewPasskey()
	options, err := bob.StartWebAuthnRegistration(ctx)
	if err != nil {
		log.Fatal(err)
	}
	credential, err := passkey.Create(string(options))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bob.CompleteWebAuthnRegistration(ctx, []byte(credential)))

	err = bob.AuthenticateChoice(ctx, cognito.FirstFactor{Preferred: "WEB_AUTHN"})
	fmt.Println(errors.Is(err, cognito.ErrWebAuthnRequired))
	asked, _ := bob.Challenge()
	assertion, err := passkey.Get(string(asked.CredentialRequestOptions()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bob.RespondToWebAuthnChallenge(ctx, []byte(assertion)))
	// Output:
	// <nil>
	// true
	// <nil>
}
