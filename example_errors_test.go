package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/aws/smithy-go"
	"github.com/golang-jwt/jwt/v5"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// Match the reasons with errors.Is. Get the service's own error with errors.As.
func ExampleError() {
	srv, pool := examplePool()
	defer srv.Close()

	err := pool.ForUser("bob").Authenticate(context.Background(), "wrong")
	fmt.Println(errors.Is(err, cognito.ErrInvalidCredentials))
	var e *cognito.Error
	var fromAWS smithy.APIError
	if errors.As(err, &e) && errors.As(err, &fromAWS) {
		fmt.Println(e.Op, fromAWS.ErrorCode(), fromAWS.ErrorMessage())
	}
	// Output:
	// true
	// Authenticate NotAuthorizedException Incorrect username or password.
}

// An invalid token and a token that could not be checked are different errors.
func ExampleTokenError() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()

	expired := srv.Token("bob", cognitotest.TokenOptions{ExpiresIn: -time.Hour})
	_, err := pool.VerifyToken(ctx, expired, cognito.AccessToken)
	fmt.Println(errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, cognito.ErrKeysUnavailable))

	srv.Close()
	elsewhere, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}
	_, err = elsewhere.VerifyToken(ctx, expired, cognito.AccessToken)
	var e *cognito.TokenError
	fmt.Println(errors.As(err, &e), e.Use, errors.Is(err, cognito.ErrKeysUnavailable))
	// Output:
	// true false
	// true access true
}

// IsTerminal decides whether to try again later or to sign in again.
func ExampleIsTerminal() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()
	bob := pool.ForUser("bob")
	if err := bob.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}

	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultServerError, Times: -1})
	fmt.Println("the service fails:", cognito.IsTerminal(bob.RenewAccessToken(ctx)))
	srv.ClearFaults()
	srv.DisableUser("bob", true)
	fmt.Println("the user is disabled:", cognito.IsTerminal(bob.RenewAccessToken(ctx)))
	// Output:
	// the service fails: false
	// the user is disabled: true
}
