package cognitotest_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func Example() {
	srv := cognitotest.NewServer(cognitotest.Config{})
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1"})

	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL))
	if err != nil {
		log.Fatal(err)
	}
	bob := c.ForUser("bob")
	fmt.Println(bob.Authenticate(context.Background(), "Correct-Horse-1"))
	fmt.Println(bob.AccessClaims().Username)
	// Output:
	// <nil>
	// bob
}
