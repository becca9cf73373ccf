package cognitotest_test

import (
	"context"
	"fmt"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// The service takes a request and its answer is lost: does the program still have its session?
func ExampleServer_Fault() {
	srv := cognitotest.NewServer(cognitotest.Config{})
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1"})
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithUsername("bob"))
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	fmt.Println(c.Authenticate(ctx, "Correct-Horse-1"))

	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken"})
	err = c.RenewAccessToken(ctx)
	fmt.Println(err != nil, cognito.IsTerminal(err))
	fmt.Println(c.RenewAccessToken(ctx))
	// Output:
	// <nil>
	// true false
	// <nil>
}
