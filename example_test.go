package cognito_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// examplePool is a pool in this process with the user bob; a real program has one at AWS.
func examplePool() (*cognitotest.Server, *cognito.Cognito) {
	srv := cognitotest.NewServer(cognitotest.Config{
		AutoVerifiedAttributes: []string{"email"},
		Now:                    func() time.Time { return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC) },
	})
	srv.AddUser(cognitotest.User{
		Username: "bob", Password: "Correct-Horse-1",
		Attributes: map[string]string{"email": "bob@example.com", "email_verified": "true"},
	})
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}
	return srv, c
}

func Example() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()

	bob := pool.ForUser("bob")
	if err := bob.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(bob.IDClaims().Email)
	fmt.Println(bob.Tokens())
	// Output:
	// bob@example.com
	// Tokens{ID true, access true, refresh true, expires 2026-11-24T10:00:00Z}
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

func ExampleCognito_Register() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()

	registration, err := pool.Register(ctx, "dave", "Correct-Horse-2", cognito.Attributes{"email": "dave@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a code went by", registration.Delivery.Medium)

	code := srv.Code("dave") // a real pool mails it
	fmt.Println(pool.ConfirmSignUp(ctx, "dave", code))
	// Output:
	// a code went by EMAIL
	// <nil>
}

func ExampleCognito_CheckToken() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()
	bob := pool.ForUser("bob")
	if err := bob.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}

	srv.Advance(2 * time.Hour)
	fmt.Println(bob.CheckToken(ctx, false))
	fmt.Println(bob.CheckToken(ctx, true)) // renews them
	fmt.Println(bob.Tokens().ExpiresAt.Format(time.TimeOnly))
	// Output:
	// true <nil>
	// false <nil>
	// 12:00:00
}

func ExampleVerifier_VerifyAccessToken() {
	srv, _ := examplePool()
	defer srv.Close()

	// At AWS the pool ID and the client IDs are enough.
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID},
		cognito.WithIssuers(srv.Issuer()), cognito.WithVerifierClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}
	claims, err := v.VerifyAccessToken(context.Background(), srv.Token("bob", cognitotest.TokenOptions{Use: "access"}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Username, claims.Scopes())

	_, err = v.VerifyAccessToken(context.Background(), srv.Token("bob", cognitotest.TokenOptions{Use: "id"}))
	fmt.Println(err)
	// Output:
	// bob [aws.cognito.signin.user.admin]
	// cognito: access token: token is for another use: want access, got "id"
}

// A program that calls the SDK itself takes only the arithmetic from this package.
func ExampleSRP() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx, client := context.Background(), pool.Client()

	srp, err := cognito.NewSRP(srv.UserPoolID, srv.ClientID, "bob", "Correct-Horse-1")
	if err != nil {
		log.Fatal(err)
	}
	params, err := srp.AuthParameters()
	if err != nil {
		log.Fatal(err)
	}
	challenge, err := client.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserSrpAuth, ClientId: aws.String(srv.ClientID), AuthParameters: params,
	})
	if err != nil {
		log.Fatal(err)
	}
	responses, err := srp.PasswordVerifierChallenge(challenge.ChallengeParameters, srv.Now())
	if err != nil {
		log.Fatal(err)
	}
	out, err := client.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{
		ChallengeName: challenge.ChallengeName, ClientId: aws.String(srv.ClientID), Session: challenge.Session,
		ChallengeResponses: responses,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(aws.ToString(out.AuthenticationResult.TokenType))
	// Output: Bearer
}

func ExampleSecretHash() {
	fmt.Println(cognito.SecretHash("test", "123abd", "clientSecret"))
	// Output: LoIX/oPJWZzFYv8liJYRo+CHv16FNDY10JlZEDjL3Vg=
}
