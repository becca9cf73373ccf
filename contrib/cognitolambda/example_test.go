package cognitolambda_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-lambda-go/events"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/contrib/cognitolambda"
)

func Example() {
	// A pool in this process. At AWS its ID and that of the app client are all that a verifier needs.
	srv := cognitotest.NewServer(cognitotest.Config{})
	defer srv.Close()
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1", Groups: []string{"readers"}})
	verifier, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID},
		cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}

	authorizer := cognitolambda.New(verifier)
	// A function for an HTTP API ends here, with lambda.Start(authorizer.HTTP).

	ctx := context.Background()
	token := srv.Token("bob", cognitotest.TokenOptions{Use: "access"})
	answer, err := authorizer.HTTP(ctx, events.APIGatewayV2CustomAuthorizerV2Request{
		Headers: map[string]string{"authorization": "Bearer " + token},
	})
	fmt.Println(answer.IsAuthorized, answer.Context["username"], answer.Context["groups"], err)
	answer, err = authorizer.HTTP(ctx, events.APIGatewayV2CustomAuthorizerV2Request{})
	fmt.Println(answer.IsAuthorized, err)
	// Output:
	// true bob ["readers"] <nil>
	// false Unauthorized
}
