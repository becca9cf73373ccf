package cognito_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// examplePool returns an in-process pool with the user bob, and a client of it. A real program uses
// a pool at AWS.
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

// Create a client for an app client with a secret. WithEndpoint selects the in-process pool; omit
// it for a pool at AWS.
func ExampleNew() {
	srv := cognitotest.NewServer(cognitotest.Config{Clients: []cognitotest.Client{{ID: "web", Secret: "the secret"}}})
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1"})

	pool, err := cognito.New(srv.UserPoolID, "web", cognito.WithClientSecret("the secret"), cognito.WithEndpoint(srv.URL))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(pool.ForUser("bob").Authenticate(context.Background(), "Correct-Horse-1"))

	_, err = cognito.New("web", srv.UserPoolID)
	fmt.Println(err)
	// Output:
	// <nil>
	// cognito: New: user pool ID and client ID: the arguments look swapped: "web" is not a pool ID, "us-east-1_Test00001" is
}

// One client serves all users of a program. Each session has its own tokens.
func ExampleCognito_ForUser() {
	srv, pool := examplePool()
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "carol", Password: "Another-Horse-2"})
	ctx := context.Background()

	bob, carol := pool.ForUser("bob"), pool.ForUser("carol")
	fmt.Println(bob.Authenticate(ctx, "Correct-Horse-1"), carol.Authenticate(ctx, "Another-Horse-2"))
	fmt.Println(bob.AccessClaims().Username, carol.AccessClaims().Username, pool.AccessClaims() == nil)
	// Output:
	// <nil> <nil>
	// bob carol true
}

// Use the AWS SDK client for operations that this package does not cover. Its users and groups can
// be converted.
func ExampleCognito_Client() {
	srv, pool := exampleFlows(cognitotest.Config{}, bob)
	defer srv.Close()

	out, err := pool.Client().AdminGetUser(context.Background(), &cognitoidentityprovider.AdminGetUserInput{
		UserPoolId: aws.String(pool.UserPoolID()), Username: aws.String("bob"),
	})
	if err != nil {
		log.Fatal(err)
	}
	user := pool.UserFromAttributes(aws.ToString(out.Username), out.UserAttributes)
	fmt.Println(user.Username, user.Attributes["email"])
	// Output: bob bob@example.com
}
